"""Training the privileged teacher: PPO on proprioception and a height map, no camera, no world model."""

from __future__ import annotations

import torch
from tensordict import TensorDict
from torch import Tensor

from wmp_training import checkpoint as ck
from wmp_training.algorithms.ppo import GaitPPO
from wmp_training.distributed import ALONE, Ranks
from wmp_training.env.environment import LocomotionEnv, Observation
from wmp_training.policy.teacher import teacher_actor, teacher_critic
from wmp_training.presets import Preset
from wmp_training.rollout import check_finite, collect


def teacher_observation(observation: Observation, num_robots: int) -> TensorDict:
    """Groups that teacher and critic look at."""
    names = ("proprioception", "last_action", "base_velocity", "surroundings", "privileged")
    return TensorDict({name: getattr(observation, name) for name in names}, batch_size=[num_robots])


class TeacherLearner:
    """Same interface as ``learner.Learner``; ``env`` needs ``surroundings`` and no camera."""

    #: What another run needs to begin with this one's skill.
    SKILL = ("teacher", "critic", "ppo_optimizer", "env.level")

    def __init__(self, env: LocomotionEnv, preset: Preset, ranks: Ranks = ALONE) -> None:
        self.env, self.preset = env, preset
        self.obs = self._perceive(env.reset())
        joints = env.contract.num_joints
        self.actor = teacher_actor(self.obs, joints, preset.policy)
        self.critic = teacher_critic(self.obs, preset.policy)
        ranks.copy_from_first([self.actor, self.critic])
        self.ppo = GaitPPO(self.actor, self.critic, self.obs, joints, preset.ppo, ranks)
        self.iteration = self.env_steps = 0

    def iterate(self) -> dict[str, float]:
        """Collect one rollout and update; returns what to log."""
        steps = self.preset.ppo.steps_per_env
        self.obs, log = collect(self.env, self.ppo, self.obs, self._perceive, steps)
        self.env_steps += steps * self.env.num_robots * self.ppo.ranks.size
        with torch.no_grad():
            self.ppo.compute_returns(self.obs)
        log |= self.ppo.update()
        self.iteration += 1
        check_finite(log, {"teacher": self.actor, "critic": self.critic}, self.iteration)
        std = self.actor.distribution.std_param.mean().item()
        return log | {"learning_rate": self.ppo.learning_rate, "std": std}

    def _perceive(self, observation: Observation) -> TensorDict:
        return teacher_observation(observation, self.env.num_robots)

    def state_dict(self) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Tensors and plain numbers from which :meth:`load_state_dict` continues exactly."""
        tensors = ck.prefixed("teacher", self.actor.state_dict())
        tensors |= ck.prefixed("critic", self.critic.state_dict())
        tensors |= ck.prefixed("ppo_optimizer", ck.optimizer_tensors(self.ppo.optimizer))
        tensors |= ck.prefixed("env", self.env.state_dict()) | ck.prefixed("obs", dict(self.obs.items()))
        facts = {
            "iteration": self.iteration,
            "env_steps": self.env_steps,
            "learning_rate": self.ppo.learning_rate,
        }
        return tensors | {"rng": torch.get_rng_state()}, facts

    def load_skill(self, tensors: dict[str, Tensor], facts: dict[str, float]) -> None:
        """Weights, optimiser and terrain levels of another run; its robots stay where they are."""
        self.actor.load_state_dict(ck.section("teacher", tensors))
        self.critic.load_state_dict(ck.section("critic", tensors))
        self.ppo.learning_rate = facts["learning_rate"]
        optimizer = ck.section("ppo_optimizer", tensors)
        ck.load_optimizer_tensors(self.ppo.optimizer, optimizer, facts["learning_rate"])
        self.iteration, self.env_steps = int(facts["iteration"]), int(facts["env_steps"])
        self.env.curriculum.adopt(tensors["env.level"])

    def load_state_dict(self, tensors: dict[str, Tensor], facts: dict[str, float]) -> None:
        self.load_skill(tensors, facts)
        self.env.load_state_dict(ck.section("env", tensors))
        self.obs = TensorDict(ck.section("obs", tensors), batch_size=[self.env.num_robots])
        torch.set_rng_state(tensors["rng"])
