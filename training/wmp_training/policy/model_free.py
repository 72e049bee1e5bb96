"""Policies without a world model: the privileged teacher, and what the method is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from rsl_rl.models import MLPModel, RNNModel
from rsl_rl.modules import GaussianDistribution
from tensordict import TensorDict

from wmp_training.presets import PolicyConfig


@dataclass(frozen=True)
class Kind:
    """Observation ``groups`` the actor sees; ``recurrent`` if it remembers; ``camera`` if it needs images."""

    groups: tuple[str, ...]
    recurrent: bool = False
    camera: bool = False


#: ``teacher`` sees the ground as a height map instead of through a camera; ``blind`` is a plain actor-critic
#: on proprioception; ``recurrent`` remembers coarse depth images itself.
KINDS = {
    "teacher": Kind(("proprioception", "last_action", "base_velocity", "surroundings")),
    "blind": Kind(("history", "command")),
    "recurrent": Kind(("proprioception", "last_action", "sight"), recurrent=True, camera=True),
}
#: What the critic of any of them sees.
CRITIC_GROUPS = ("proprioception", "last_action", "base_velocity", "surroundings", "privileged")
#: Units of the memory of the recurrent actor.
MEMORY = 256


def teacher_example(proprioception: int, joints: int, surroundings: int) -> TensorDict:
    """Observations of one robot, zeros, for building a teacher outside of an environment."""
    sizes = (proprioception, joints, 3, surroundings)
    names = KINDS["teacher"].groups
    groups = {name: torch.zeros(1, size) for name, size in zip(names, sizes, strict=True)}
    return TensorDict(groups, batch_size=[1])


def build_actor(kind: str, obs: TensorDict, num_actions: int, config: PolicyConfig) -> MLPModel:
    """The actor of ``kind``: an MLP, behind a GRU if recurrent; it begins close to the default pose."""
    groups = {"actor": list(KINDS[kind].groups)}
    distribution = {"class_name": GaussianDistribution, "init_std": config.init_std}
    hidden = config.layers(config.actor_hidden)
    if KINDS[kind].recurrent:
        actor: MLPModel = RNNModel(
            *(obs, groups, "actor", num_actions, hidden),
            distribution_cfg=distribution,
            rnn_type="gru",
            rnn_hidden_dim=MEMORY,
        )
    else:
        actor = MLPModel(obs, groups, "actor", num_actions, hidden, distribution_cfg=distribution)
    actor.mlp[-1].weight.data *= 0.1
    return actor


def build_critic(obs: TensorDict, config: PolicyConfig) -> MLPModel:
    """Value from those of :data:`CRITIC_GROUPS` that are observed."""
    seen = [group for group in CRITIC_GROUPS if group in obs]
    return MLPModel(obs, {"critic": seen}, "critic", 1, hidden_dims=config.layers(config.critic_hidden))
