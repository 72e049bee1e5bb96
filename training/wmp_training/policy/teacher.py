"""The privileged teacher: sees the ground as a height map instead of through a camera."""

from __future__ import annotations

import torch
from rsl_rl.models import MLPModel
from tensordict import TensorDict

from wmp_training.presets import PolicyConfig

#: What the teacher acts on, and what its critic sees besides.
ACTOR_GROUPS = ("proprioception", "last_action", "base_velocity", "surroundings")
CRITIC_GROUPS = (*ACTOR_GROUPS, "privileged")


def teacher_example(proprioception: int, joints: int, surroundings: int) -> TensorDict:
    """Observations of one robot, zeros, for building a teacher outside of an environment."""
    sizes = (proprioception, joints, 3, surroundings)
    groups = {name: torch.zeros(1, size) for name, size in zip(ACTOR_GROUPS, sizes, strict=True)}
    return TensorDict(groups, batch_size=[1])


def teacher_actor(obs: TensorDict, num_actions: int, config: PolicyConfig) -> MLPModel:
    """One MLP from :data:`ACTOR_GROUPS` to the action mean; it begins close to the default pose."""
    distribution = {"class_name": "rsl_rl.modules:GaussianDistribution", "init_std": config.init_std}
    actor = MLPModel(
        obs,
        {"actor": list(ACTOR_GROUPS)},
        "actor",
        num_actions,
        hidden_dims=list(config.actor_hidden),
        distribution_cfg=distribution,
    )
    actor.mlp[-1].weight.data *= 0.1
    return actor


def teacher_critic(obs: TensorDict, config: PolicyConfig) -> MLPModel:
    """Value from :data:`CRITIC_GROUPS`."""
    return MLPModel(obs, {"critic": list(CRITIC_GROUPS)}, "critic", 1, hidden_dims=list(config.critic_hidden))
