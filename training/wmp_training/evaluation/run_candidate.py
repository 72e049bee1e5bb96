"""Evaluate the last checkpoint of a training run, of any stage, like a bundle.

The privileged teacher and policies without a world model cannot be exported; evaluated here, their figures
are comparable with a bundle's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from rsl_rl.models import MLPModel
from tensordict import TensorDict
from torch import Tensor

from wmp_core.contract import Contract
from wmp_training.a1_contract import a1_contract
from wmp_training.average import averaged
from wmp_training.checkpoint import digest, load_checkpoint
from wmp_training.checkpoint_facts import check_run_facts, find_checkpoint
from wmp_training.env.environment import Observation
from wmp_training.evaluation.candidate import Agent
from wmp_training.learner import Networks
from wmp_training.model_free import BLOCK, ObservationGroups
from wmp_training.policy.model_free import KINDS, build_actor
from wmp_training.presets import PolicyConfig, preset_of
from wmp_training.sim.height_map import MAP_SIZE
from wmp_training.world_model.filter import LatentFilter


class RunCandidate:
    """The last checkpoint of the run or stage in ``folder``, or the kept checkpoint that ``folder`` is.

    The run may still be training.

    Raises:
        FileNotFoundError: there is no checkpoint.
    """

    def __init__(self, folder: Path) -> None:
        self.tensors, self.facts = load_checkpoint(find_checkpoint(folder))
        check_run_facts(folder, self.facts)
        config = self.facts["config"]
        self.name = folder.resolve().name
        self.kind = "teacher" if config.get("stage") == "teacher" else config.get("policy", "wmp")
        self.preset = preset_of(config)
        self.contract = a1_contract(self.preset.world_model)
        model_free = KINDS.get(self.kind)
        self.uses_camera = model_free is None or model_free.camera
        self.uses_height_map = model_free is not None and "surroundings" in model_free.groups

    def agent(self, num_robots: int) -> Agent:
        if self.kind in KINDS:
            actor = restore_actor(self.kind, self.tensors, self.contract, self.preset.policy)
            groups = ObservationGroups(self.contract.depth, num_robots, self.uses_camera)
            return ModelFreeAgent(actor, groups, num_robots, self.contract.action.clip)
        networks = Networks(self.contract, self.preset)
        networks.load(self.tensors)
        return NetworksAgent(networks, num_robots)

    def identity(self) -> dict[str, Any]:
        steps, sha256 = self.facts["env_steps"], digest(self.tensors)
        return {"kind": self.kind, "name": self.name, "env_steps": steps, "sha256": sha256}


def restore_actor(
    kind: str, tensors: dict[str, Tensor], contract: Contract, config: PolicyConfig
) -> MLPModel:
    """The model-free actor of ``kind`` with the weights of a checkpoint."""
    depth = contract.depth
    sizes = {
        "history": contract.history_size,
        "command": 3,
        "proprioception": contract.proprioception_size,
        "last_action": contract.num_joints,
        "base_velocity": 3,
        "surroundings": MAP_SIZE,
        "sight": (depth.height // BLOCK) * (depth.width // BLOCK),
    }
    example = TensorDict({name: torch.zeros(1, size) for name, size in sizes.items()}, batch_size=[1])
    actor = build_actor(kind, example, contract.num_joints, config)
    actor.load_state_dict(averaged(kind, tensors))
    return actor


class ModelFreeAgent:
    """A policy without a world model; ``kl`` is NaN."""

    def __init__(self, actor: MLPModel, groups: ObservationGroups, num_robots: int, clip: float) -> None:
        self.actor, self.groups, self.clip = actor, groups, clip
        self.kl = torch.full((num_robots,), torch.nan)

    @torch.no_grad()
    def __call__(self, observation: Observation) -> Tensor:
        return self.actor(self.groups(observation)).clamp(-self.clip, self.clip)


class NetworksAgent:
    """Actor and world model in torch; ``kl`` is not computed (NaN)."""

    def __init__(self, networks: Networks, num_robots: int) -> None:
        contract = networks.contract
        interval, joints = contract.timing.world_model_interval, contract.num_joints
        self.actor, self.clip = networks.actor, contract.action.clip
        self.filter = LatentFilter(networks.world_model, num_robots, interval, joints)
        self.kl = torch.full((num_robots,), torch.nan)

    @torch.no_grad()
    def __call__(self, observation: Observation) -> Tensor:
        # The previous action belongs to the previous tick.
        self.filter.record_action((observation.tick - 1).clamp(min=0), observation.last_action)
        self.filter.step(
            observation.due,
            observation.first,
            observation.proprioception[observation.due],
            observation.depth,
            observation.valid,
        )
        latent, _ = self.actor.get_latent_vector(observation.history, observation.command, self.filter.deter)
        return self.actor.mlp(latent).clamp(-self.clip, self.clip)
