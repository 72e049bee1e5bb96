"""Distilling a teacher's skill into a policy on the policy's own rollouts (Ross et al., DAgger, 2011)."""

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
    """Regresses the actor onto ``obs["teacher_action"]`` wherever robots come, whoever leads them.

    Nothing else moves the actor. The critic learns the value of what the robots do, so that PPO can take over
    from here.
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
        # Every n-th robot, so that each terrain has its share.
        position = torch.arange(obs.batch_size[0], device=self.device) * imitation.led
        self.led = (position + imitation.led).floor() > position.floor()

    def resume(self, optimizer: dict[str, Tensor], learning_rate: float) -> None:
        """As configured: nothing adapts rate and noise of a regression, but whoever resumes may."""
        super().resume(optimizer, self.learning_rate)
        self.actor.distribution.std_param.data.fill_(self.exploration)

    def act(self, obs: TensorDict) -> Tensor:
        """Actions [N, A]: the student's own, and the teacher's for the robots that it leads."""
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
        """The learning rate of a regression stays."""
