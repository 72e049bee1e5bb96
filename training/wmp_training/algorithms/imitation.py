"""Distilling a teacher's skill into a policy on the policy's own rollouts (Ross et al., DAgger, 2011)."""

from __future__ import annotations

from rsl_rl.storage import RolloutStorage
from tensordict import TensorDict
from torch import Tensor

from wmp_training.algorithms.ppo import WMPPPO
from wmp_training.distributed import ALONE, Ranks
from wmp_training.policy.actor_critic import WMPActor, WMPCritic
from wmp_training.presets import PPOConfig


class Imitation(WMPPPO):
    """Regresses the actor onto ``obs["teacher_action"]`` wherever the actor itself has led the robots.

    Nothing else moves the actor. The critic learns the value of the actor's own doings, so that PPO can take
    over from here. ``EXPLORATION`` is the noise of the rollouts: the teacher shows how to come back.
    """

    LEARNING_RATE = 1e-3
    EXPLORATION = 0.25

    def __init__(
        self,
        actor: WMPActor,
        critic: WMPCritic,
        obs: TensorDict,
        num_actions: int,
        config: PPOConfig,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__(actor, critic, obs, num_actions, config, ranks)
        self.weights = {"imitation": 1.0, "value": self.value_loss_coef, "velocity": config.velocity_loss}
        self.learning_rate = self.LEARNING_RATE
        for group in self.optimizer.param_groups:
            group["lr"] = self.LEARNING_RATE
        actor.distribution.std_param.data.fill_(self.EXPLORATION)

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
