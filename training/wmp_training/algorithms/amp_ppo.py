"""PPO that is also rewarded for moving as the motion library does."""

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
    """Adds the discriminator's reward to every step and trains it on the same rollouts.

    Observations hold the group ``motion`` [N, 30] (see ``motion_states``). A step that ends an episode has no
    successor of the same robot: it earns no style reward and is not learned from.
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
            raise ValueError(f"observations have the groups {sorted(obs.keys())}, expected also motion")
        super().__init__(actor, critic, obs, num_actions, config, ranks)
        self.amp = amp
        self.style_reward = 0.0

    def process_env_step(
        self, obs: TensorDict, rewards: Tensor, dones: Tensor, extras: dict[str, Tensor]
    ) -> None:
        """As PPO's, with the style reward added to ``rewards`` (already clipped at zero)."""
        before, after, goes_on = self.transition.observations["motion"], obs["motion"], ~dones.bool()
        style = self.amp.discriminator.predict_amp_reward(before, after) * goes_on
        self.amp.remember(torch.cat([before, after], -1)[goes_on])
        self.style_reward = style.mean().item()
        super().process_env_step(obs, rewards + style, dones, extras)

    def update(self) -> dict[str, float]:
        """Policy first, then discriminator; mean losses of the one and the last ones of the other."""
        return super().update() | self.amp.train() | {"style_reward": self.style_reward}
