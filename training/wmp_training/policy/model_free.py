"""Policies without a world model: the privileged teacher and the baselines."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from rsl_rl.models import MLPModel, RNNModel
from rsl_rl.modules import GaussianDistribution
from tensordict import TensorDict

from wmp_training.presets import PolicyConfig


@dataclass(frozen=True)
class Kind:
    """The actor's observation ``groups``, whether it is ``recurrent``, and whether it needs a ``camera``."""

    groups: tuple[str, ...]
    recurrent: bool = False
    camera: bool = False


#: ``teacher`` gets the ground as a height map instead of images; ``blind`` is a plain actor-critic on
#: proprioception; ``recurrent`` has a GRU on proprioception and coarse depth images (group ``sight``).
KINDS = {
    "teacher": Kind(("proprioception", "last_action", "base_velocity", "surroundings")),
    "blind": Kind(("history", "command")),
    "recurrent": Kind(("proprioception", "last_action", "sight"), recurrent=True, camera=True),
}
#: Observation groups of the critic, as far as they are observed.
CRITIC_GROUPS = ("proprioception", "last_action", "base_velocity", "surroundings", "privileged")
#: Hidden units of the recurrent actor's GRU.
MEMORY = 256


def teacher_example(proprioception: int, joints: int, surroundings: int) -> TensorDict:
    """Zero observations of one robot, for building a teacher without an environment."""
    sizes = (proprioception, joints, 3, surroundings)
    names = KINDS["teacher"].groups
    groups = {name: torch.zeros(1, size) for name, size in zip(names, sizes, strict=True)}
    return TensorDict(groups, batch_size=[1])


def build_actor(kind: str, obs: TensorDict, num_actions: int, config: PolicyConfig) -> MLPModel:
    """The actor of ``kind``: an MLP, after a GRU if recurrent; its first actions are close to zero."""
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
    """A critic on those of :data:`CRITIC_GROUPS` that are observed."""
    observed = [group for group in CRITIC_GROUPS if group in obs]
    return MLPModel(obs, {"critic": observed}, "critic", 1, hidden_dims=config.layers(config.critic_hidden))
