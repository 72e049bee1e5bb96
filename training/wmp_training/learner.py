"""Trains policy and world model together in the environment."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch
from rsl_rl.models import MLPModel
from tensordict import TensorDict
from torch import Tensor, nn

from wmp_core.contract import Contract
from wmp_training import checkpoint as ck
from wmp_training.algorithms.amp import AMPTrainer, motion_states
from wmp_training.algorithms.amp_ppo import AMPPPO
from wmp_training.algorithms.imitation import Imitation
from wmp_training.algorithms.ppo import WMPPPO
from wmp_training.average import Average, averaged
from wmp_training.checkpoint_facts import CheckpointError
from wmp_training.device import random_states, restore, restore_random_states
from wmp_training.distributed import ALONE, Ranks
from wmp_training.env.config import EnvConfig
from wmp_training.env.environment import LocomotionEnv, Observation
from wmp_training.policy.actor_critic import WMPActor, WMPCritic
from wmp_training.presets import Preset, WorldModelConfig
from wmp_training.recipe import HANDED
from wmp_training.rollout import check_finite, collect
from wmp_training.skill import widened
from wmp_training.world_model.depth_predictor import DepthPredictorTrainer
from wmp_training.world_model.filter import LatentFilter
from wmp_training.world_model.replay import SequenceReplay
from wmp_training.world_model.trainer import WorldModelTrainer
from wmp_training.world_model.world_model import HeightMapDecoder, WorldModel


class Networks:
    """World model and actor: the networks that are deployed."""

    def __init__(self, contract: Contract, preset: Preset) -> None:
        self.contract, self.preset = contract, preset
        self.world_model = WorldModel(contract, preset.world_model)
        example = TensorDict(
            {
                "history": torch.zeros(1, contract.history_size),
                "command": torch.zeros(1, 3),
                "deter": torch.zeros(1, preset.world_model.deter),
            },
            batch_size=[1],
        )
        self.actor = WMPActor(example, contract.num_joints, preset.policy)

    def to(self, device: torch.device) -> None:
        """Move both to ``device``."""
        self.world_model.to(device)
        self.actor.to(device)

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Load the weights to deploy from the ``tensors`` of a checkpoint: their average, if it has one."""
        try:
            self.world_model.load_state_dict(averaged("world_model", tensors))
            self.actor.load_state_dict(averaged("actor", tensors))
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise CheckpointError(
                f"the checkpoint was trained by another version, or is damaged: {reason}"
            ) from error


class Learner:
    """Trains the policy on the h of the world model, and the world model on what the robots observe.

    Args:
        env: the environment, not yet reset.
        networks: the networks to train.
        seed: of the world model's own random numbers.
        teacher: to imitate, instead of learning by reward.
        amp: adds a style reward.
        depth_predictor: predicts the images that ``env`` does not render.
    """

    def __init__(
        self,
        env: LocomotionEnv,
        networks: Networks,
        seed: int,
        ranks: Ranks = ALONE,
        teacher: MLPModel | None = None,
        amp: AMPTrainer | None = None,
        depth_predictor: DepthPredictorTrainer | None = None,
    ) -> None:
        contract, preset, device = env.contract, networks.preset, env.device
        networks.to(device)
        self.env, self.networks, self.preset = env, networks, preset
        self.teacher = None if teacher is None else teacher.to(device)
        self.amp, self.depth_predictor = amp, depth_predictor
        interval, joints = contract.timing.world_model_interval, contract.num_joints
        self.filter = LatentFilter(networks.world_model, env.num_robots, interval, joints)
        config = self._world_model_config(preset, imitating=teacher is not None)
        self.replay = SequenceReplay(
            env.num_robots,
            config.replay_steps,
            (contract.depth.height, contract.depth.width),
            contract.proprioception_size,
            interval * joints,
            env.map_size,
            device,
        )
        self.map_decoder = HeightMapDecoder(config.deter, env.map_size).to(device) if env.map_size else None
        self.trainer = WorldModelTrainer(
            networks.world_model, self.replay, config, seed, ranks, self.map_decoder
        )
        self.obs = self._perceive(env.reset())
        self.critic = WMPCritic(self.obs, preset.policy).to(device)
        self._training_only: dict[str, nn.Module] = {"critic": self.critic}
        if self.map_decoder is not None:
            self._training_only["map_reader"] = self.map_decoder
        if teacher is not None:
            self._training_only["teacher"] = teacher
        ranks.copy_from_first([networks.world_model, networks.actor, *self._training_only.values()])
        parts = networks.actor, self.critic, self.obs, joints, preset.ppo
        self.ppo: WMPPPO
        if teacher is not None:
            self.ppo = Imitation(*parts, preset.imitation, ranks)
        elif amp is not None:
            ranks.copy_from_first([amp.discriminator])
            self.ppo = AMPPPO(*parts, amp, ranks)
        else:
            self.ppo = WMPPPO(*parts, ranks)
        deployed = {"actor": networks.actor, "world_model": networks.world_model}
        self.average = Average(deployed, preset.average.half_life)
        self.iteration = self.env_steps = 0

    @staticmethod
    def _world_model_config(preset: Preset, imitating: bool) -> WorldModelConfig:
        if not imitating:
            return preset.world_model
        return replace(
            preset.world_model,
            updates_per_iteration=preset.imitation.world_model_updates,
            learning_rate=preset.imitation.world_model_learning_rate,
        )

    def iterate(self) -> dict[str, float]:
        """Collect one rollout, then update policy and world model; returns figures for the log."""
        steps = self.preset.ppo.steps_per_env
        self.obs, log = collect(self.env, self.ppo, self.obs, self._perceive, steps)
        samples = steps * self.env.num_robots * self.ppo.ranks.size
        self.env_steps += samples
        with torch.no_grad():
            self.ppo.compute_returns(self.obs)
        if self.ppo.ranks.size > 1:
            # Not in parallel: every rank has one core, and all must average gradients in the same order.
            log |= self.ppo.update() | self.trainer.train()
        else:
            with ThreadPoolExecutor(1) as worker:
                world_model = worker.submit(self.trainer.train)
                log |= self.ppo.update()
                log |= world_model.result()
        if self.depth_predictor is not None:
            log |= self.depth_predictor.train()
        self.iteration += 1
        self.average.update(samples, self.env_steps)
        modules = {
            "actor": self.networks.actor,
            "critic": self.critic,
            "world_model": self.networks.world_model,
        }
        check_finite(log, modules, self.iteration)
        return log | {"learning_rate": self.ppo.learning_rate, "std": self._std()}

    def configure(self, preset: Preset, env: EnvConfig) -> None:
        """Go on with the numbers of ``preset`` and ``env`` that may change during a stage."""
        self.ppo.configure(preset.ppo)
        self.trainer.config = self._world_model_config(preset, imitating=self.teacher is not None)
        self.env.configure(env)

    def _perceive(self, observation: Observation) -> TensorDict:
        """Run the world model for the robots that are due; returns the observation groups of all robots."""
        due = observation.due
        # The last action belongs to the previous tick.
        self.filter.record_action((observation.tick - 1).clamp(min=0), observation.last_action)
        proprioception = observation.proprioception[due]
        actions = self.filter.step(
            due, observation.first, proprioception, observation.depth, observation.valid
        )
        surroundings = observation.surroundings
        height_map = None if surroundings is None else surroundings[due]
        self.replay.add(due, observation.depth, proprioception, actions, observation.first, height_map)
        obs = TensorDict(
            {
                "history": observation.history,
                "command": observation.command,
                "deter": self.filter.deter.clone(),
                "proprioception": observation.proprioception,
                "last_action": observation.last_action,
                "privileged": observation.privileged,
                "base_velocity": observation.base_velocity,
            },
            batch_size=[self.env.num_robots],
        )
        if surroundings is not None:
            obs["surroundings"] = surroundings
        if self.amp is not None:
            obs["motion"] = motion_states(self.env.sim.states())
        if self.teacher is not None:
            with torch.no_grad():
                obs["teacher_action"] = self.teacher(obs)
        return obs

    def _std(self) -> float:
        return self.networks.actor.distribution.std_param.mean().item()

    def state_dict(self) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Tensors and plain numbers from which :meth:`load_state_dict` continues exactly."""
        tensors = ck.prefixed("world_model", self.networks.world_model.state_dict())
        tensors |= ck.prefixed("actor", self.networks.actor.state_dict())
        for name, module in self._training_only.items():
            tensors |= ck.prefixed(name, module.state_dict())
        tensors |= self.average.state_dict()
        tensors |= ck.prefixed("ppo_optimizer", ck.optimizer_tensors(self.ppo.optimizer))
        tensors |= ck.prefixed("world_model_optimizer", ck.optimizer_tensors(self.trainer.optimizer))
        tensors |= ck.prefixed("env", self.env.state_dict()) | ck.prefixed("filter", self.filter.state_dict())
        tensors |= ck.prefixed("replay", self.replay.state_dict()) | ck.prefixed(
            "obs", dict(self.obs.items())
        )
        if self.amp is not None:
            tensors |= ck.prefixed("amp", self.amp.state_dict())
        if self.depth_predictor is not None:
            tensors |= ck.prefixed("depth_predictor", self.depth_predictor.state_dict())
        tensors |= random_states(self.env.device) | {"world_model_rng": self.trainer.generator.get_state()}
        facts = {
            "iteration": self.iteration,
            "env_steps": self.env_steps,
            "learning_rate": self.ppo.learning_rate,
        }
        return tensors, facts

    def load_skill(self, tensors: dict[str, Tensor], handed: Collection[str] = HANDED) -> None:
        """Begin with the networks and terrain levels of another run or stage, and reset all robots.

        A teacher's checkpoint provides the teacher, and levels drawn up to its own; a student's provides
        everything but the teacher. Of these, only what is ``handed`` over is taken.
        """
        of_teacher = not ck.section("actor", tensors)
        skilled = {k: v for k, v in self._training_only.items() if k == "teacher" or not of_teacher}
        if not of_teacher:
            skilled |= {"actor": self.networks.actor, "world_model": self.networks.world_model}
        for name, module in skilled.items():
            if {"map_reader": "world_model"}.get(name, name) in handed:
                module.load_state_dict(widened(averaged(name, tensors), module.state_dict()))
        if "levels" in handed:
            self.env.curriculum.adopt(tensors["env.level"], tensors.get("env.kind"), spread=of_teacher)
        if self.teacher is None and "actor" in handed:
            self.ppo.use_lowest_learning_rate()
        self.average.restart()
        self.obs = self._perceive(self.env.reset())

    def load_state_dict(self, tensors: dict[str, Tensor], facts: dict[str, float]) -> None:
        deployed = {"actor": self.networks.actor, "world_model": self.networks.world_model}
        for name, module in {**deployed, **self._training_only}.items():
            module.load_state_dict(ck.section(name, tensors))
        self.average.load_state_dict(tensors)
        self.ppo.resume(ck.section("ppo_optimizer", tensors), facts["learning_rate"])
        ck.load_optimizer_tensors(
            self.trainer.optimizer,
            ck.section("world_model_optimizer", tensors),
            self.trainer.config.learning_rate,
        )
        if self.amp is not None:
            self.amp.load_state_dict(ck.section("amp", tensors))
        if self.depth_predictor is not None:
            self.depth_predictor.load_state_dict(ck.section("depth_predictor", tensors))
        self.env.load_state_dict(ck.section("env", tensors))
        self.filter.load_state_dict(ck.section("filter", tensors))
        self.replay.load_state_dict(ck.section("replay", tensors))
        obs = ck.section("obs", tensors, self.env.device)
        self.obs = TensorDict(obs, batch_size=[self.env.num_robots])
        self.iteration, self.env_steps = int(facts["iteration"]), int(facts["env_steps"])
        restore_random_states(tensors, self.env.device)
        restore(self.trainer.generator, tensors["world_model_rng"])
