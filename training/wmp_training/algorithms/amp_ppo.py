"""PPO with an additional style reward for motion like that of the motion library."""

from __future__ import annotations

import torch
from tensordict import TensorDict
from torch import Tensor

from wmp_training.algorithms.amp import AMPTrainer
from wmp_training.algorithms.ppo import WMPPPO
from wmp_training.distributed import ALONE, Ranks
from wmp_training.policy.actor_critic import WMPActor, WMPCritic
from wmp_training.presets import PPOConfig


class AMPPPO(WMPPPO):
    """Adds the discriminator's reward to every step and trains the discriminator on the same rollouts.

    Observations hold the group ``motion`` [N, 30] (see ``motion_states``). The last step of an episode has no
    successor state, so it gets no style reward and is not used to train the discriminator.
    """

    def __init__(
        self,
        actor: WMPActor,
        critic: WMPCritic,
        obs: TensorDict,
        num_actions: int,
        config: PPOConfig,
        amp: AMPTrainer,
        ranks: Ranks = ALONE,
    ) -> None:
        if "motion" not in obs:
            raise ValueError(f"observations have the groups {sorted(obs.keys())}, expected 'motion' as well")
        super().__init__(actor, critic, obs, num_actions, config, ranks)
        self.amp = amp
        self.style_reward = 0.0

    def process_env_step(
        self, obs: TensorDict, rewards: Tensor, dones: Tensor, extras: dict[str, Tensor]
    ) -> None:
        """As in PPO, with the style reward added to ``rewards`` (which are clipped at zero before)."""
        before, after, goes_on = self.transition.observations["motion"], obs["motion"], ~dones.bool()
        style = self.amp.discriminator.predict_amp_reward(before, after) * goes_on
        self.amp.remember(torch.cat([before, after], -1)[goes_on])
        self.style_reward = style.mean().item()
        super().process_env_step(obs, rewards + style, dones, extras)

    def update(self) -> dict[str, float]:
        """Update policy and discriminator; returns mean losses of the one and last losses of the other."""
        return super().update() | self.amp.train() | {"style_reward": self.style_reward}
