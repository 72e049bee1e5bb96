"""Distils a teacher into a policy on the policy's own rollouts (DAgger, Ross et al., 2011)."""

from __future__ import annotations

from dataclasses import replace

import torch
from rsl_rl.storage import RolloutStorage
from tensordict import TensorDict
from torch import Tensor

from wmp_training.algorithms.ppo import WMPPPO
from wmp_training.distributed import ALONE, Ranks
from wmp_training.policy.actor_critic import WMPActor, WMPCritic
from wmp_training.presets import ImitationConfig, PPOConfig


class Imitation(WMPPPO):
    """Regresses the actor onto ``obs["teacher_action"]`` in every state that the robots visit.

    The reward does not train the actor. The critic learns the value of the visited states, so that PPO can
    continue from here. A share ``imitation.led`` of the robots is driven by the teacher's actions.
    """

    def __init__(
        self,
        actor: WMPActor,
        critic: WMPCritic,
        obs: TensorDict,
        num_actions: int,
        config: PPOConfig,
        imitation: ImitationConfig,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__(actor, critic, obs, num_actions, replace(config, epochs=imitation.epochs), ranks)
        self.weights = {"imitation": 1.0, "value": self.value_loss_coef, "velocity": config.velocity_loss}
        self.learning_rate = imitation.learning_rate
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate
        self.exploration = imitation.exploration
        actor.distribution.std_param.data.fill_(self.exploration)
        # Spread evenly over the robots, so that every terrain gets its share.
        position = torch.arange(obs.batch_size[0], device=self.device) * imitation.led
        self.led = (position + imitation.led).floor() > position.floor()

    def resume(self, optimizer: dict[str, Tensor], learning_rate: float) -> None:
        """Restore the optimiser; learning rate and noise are the configured ones, which nothing adapts."""
        super().resume(optimizer, self.learning_rate)
        self.actor.distribution.std_param.data.fill_(self.exploration)

    def act(self, obs: TensorDict) -> Tensor:
        """Actions [N, A]: the student's, and for the robots led by the teacher the teacher's with noise."""
        own = super().act(obs)
        shown = obs["teacher_action"] + self.exploration * torch.randn_like(own)
        return torch.where(self.led[:, None], shown, own)

    def _losses(self, batch: RolloutStorage.Batch) -> dict[str, Tensor]:
        losses = super()._losses(batch)
        error = self.actor.output_mean - batch.observations["teacher_action"]
        return {
            "imitation": error.square().sum(-1).mean(),
            "value": losses["value"],
            "velocity": losses["velocity"],
        }

    def _adapt_learning_rate(self, batch: RolloutStorage.Batch) -> None:
        """A regression keeps its learning rate."""
