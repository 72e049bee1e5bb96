"""Trains policies without a world model by PPO: the privileged teacher and the baselines."""

from __future__ import annotations

from collections.abc import Collection

import torch
from tensordict import TensorDict
from torch import Tensor, nn

from wmp_core.contract import DepthContract
from wmp_training import checkpoint as ck
from wmp_training.algorithms.ppo import DataParallelPPO
from wmp_training.average import Average, averaged
from wmp_training.device import CPU, random_states, restore_random_states
from wmp_training.distributed import ALONE, Ranks
from wmp_training.env.config import EnvConfig
from wmp_training.env.environment import LocomotionEnv, Observation
from wmp_training.policy.model_free import KINDS, build_actor, build_critic
from wmp_training.presets import Preset
from wmp_training.recipe import HANDED
from wmp_training.rollout import check_finite, collect
from wmp_training.skill import widened

#: For the recurrent policy, images are averaged over blocks of this side length [pixels].
BLOCK = 4


class ObservationGroups:
    """Turns environment observations into the observation groups of model-free policies.

    Holds the last image of every robot, averaged over blocks (``sight``).
    """

    def __init__(
        self, depth: DepthContract, num_robots: int, camera: bool, device: torch.device = CPU
    ) -> None:
        self.camera = camera
        pixels = (depth.height // BLOCK) * (depth.width // BLOCK)
        self.sight = torch.zeros(num_robots, pixels, device=device)

    def __call__(self, observation: Observation) -> TensorDict:
        """The groups by name; ``sight`` only with a camera, ``surroundings`` only if they are observed."""
        names = ("history", "command", "proprioception", "last_action", "base_velocity", "privileged")
        groups = {name: getattr(observation, name) for name in names}
        if observation.surroundings is not None:
            groups["surroundings"] = observation.surroundings
        if self.camera:
            arrived = observation.due[observation.valid]
            coarse = nn.functional.avg_pool2d(observation.depth[observation.valid].unsqueeze(1), BLOCK)
            self.sight[observation.due[observation.first]] = 0.0
            self.sight[arrived] = coarse.flatten(1)
            groups["sight"] = self.sight.clone()
        return TensorDict(groups, batch_size=[len(observation.tick)])


class ModelFreeLearner:
    """Trains a policy ``kind`` of ``policy/model_free.py``; same interface as ``learner.Learner``."""

    def __init__(self, env: LocomotionEnv, preset: Preset, kind: str, ranks: Ranks = ALONE) -> None:
        self.env, self.preset, self.kind = env, preset, kind
        self.groups = ObservationGroups(env.contract.depth, env.num_robots, env.config.camera, env.device)
        self.obs = self.groups(env.reset())
        joints = env.contract.num_joints
        self.actor = build_actor(kind, self.obs, joints, preset.policy).to(env.device)
        self.critic = build_critic(self.obs, preset.policy).to(env.device)
        ranks.copy_from_first([self.actor, self.critic])
        self.ppo = DataParallelPPO(self.actor, self.critic, self.obs, joints, preset.ppo, ranks)
        self.average = Average({kind: self.actor}, preset.average.half_life)
        self.iteration = self.env_steps = 0

    def iterate(self) -> dict[str, float]:
        """Collect one rollout and update the policy; returns figures for the log."""
        steps = self.preset.ppo.steps_per_env
        self.obs, log = collect(self.env, self.ppo, self.obs, self.groups, steps)
        samples = steps * self.env.num_robots * self.ppo.ranks.size
        self.env_steps += samples
        with torch.no_grad():
            self.ppo.compute_returns(self.obs)
        log |= self.ppo.update()
        self.iteration += 1
        self.average.update(samples, self.env_steps)
        check_finite(log, {self.kind: self.actor, "critic": self.critic}, self.iteration)
        std = self.actor.distribution.std_param.mean().item()
        return log | {"learning_rate": self.ppo.learning_rate, "std": std}

    def configure(self, preset: Preset, env: EnvConfig) -> None:
        """Go on with the numbers of ``preset`` and ``env`` that may change during a stage."""
        self.ppo.configure(preset.ppo)
        self.env.configure(env)

    def state_dict(self) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Tensors and plain numbers from which :meth:`load_state_dict` continues exactly."""
        tensors = ck.prefixed(self.kind, self.actor.state_dict())
        tensors |= ck.prefixed("critic", self.critic.state_dict()) | self.average.state_dict()
        tensors |= ck.prefixed("ppo_optimizer", ck.optimizer_tensors(self.ppo.optimizer))
        tensors |= ck.prefixed("env", self.env.state_dict()) | ck.prefixed("obs", dict(self.obs.items()))
        if KINDS[self.kind].recurrent:
            tensors["sight"] = self.groups.sight
            if (memory := self.actor.get_hidden_state()) is not None:  # None before the first step
                tensors["memory"] = memory
        facts = {
            "iteration": self.iteration,
            "env_steps": self.env_steps,
            "learning_rate": self.ppo.learning_rate,
        }
        return tensors | random_states(self.env.device), facts

    def load_skill(self, tensors: dict[str, Tensor], handed: Collection[str] = HANDED) -> None:
        """Begin with what is ``handed`` over of another run or stage; all robots are reset."""
        for name, module in {self.kind: self.actor, "critic": self.critic}.items():
            if name in handed or "actor" in handed:
                module.load_state_dict(widened(averaged(name, tensors), module.state_dict()))
        self.ppo.use_lowest_learning_rate()
        if "levels" in handed:
            self.env.curriculum.adopt(tensors["env.level"], tensors.get("env.kind"))
        self.average.restart()
        self.obs = self.groups(self.env.reset())

    def load_state_dict(self, tensors: dict[str, Tensor], facts: dict[str, float]) -> None:
        self.actor.load_state_dict(ck.section(self.kind, tensors))
        self.critic.load_state_dict(ck.section("critic", tensors))
        self.average.load_state_dict(tensors)
        self.ppo.resume(ck.section("ppo_optimizer", tensors), facts["learning_rate"])
        self.iteration, self.env_steps = int(facts["iteration"]), int(facts["env_steps"])
        self.env.load_state_dict(ck.section("env", tensors))
        self.obs = self.obs.clone().update(ck.section("obs", tensors, self.env.device))
        if KINDS[self.kind].recurrent:
            if "memory" in tensors:
                self.actor.reset(hidden_state=tensors["memory"].to(self.env.device))
            self.groups.sight.copy_(tensors["sight"])
        restore_random_states(tensors, self.env.device)
