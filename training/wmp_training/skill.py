"""What a run has learned, for another run to begin with: stripped, averaged, or grown to wider layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from wmp_training.checkpoint import section
from wmp_training.checkpoint_facts import CheckpointError


def stripped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """What another run needs to begin with this one's skill: networks and terrain levels.

    A few MB instead of hundreds: robots, memories of images and random numbers stay behind. So do the style
    reward's discriminator and the predictor of images, which judge and paint what the robots do now.
    """
    momentary = (
        "ppo_optimizer",
        "world_model_optimizer",
        "env.",
        "obs.",
        "filter.",
        "replay.",
        "amp.",
        "depth_predictor.",
        "rng",
        "device_rng",
        "world_model_rng",
        "memory",
        "sight",
    )
    return {k: v for k, v in tensors.items() if k == "env.level" or not k.startswith(momentary)}


def mean_actor(
    checkpoints: Sequence[tuple[dict[str, Tensor], dict[str, Any]]],
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The first of ``checkpoints`` with the mean of all their actors, and the steps of each in its facts.

    PPO with obstacles of many kinds swings: what one checkpoint does better, another does worse. Their mean
    lies between them and is often better than each. One that is a mean itself counts as what it is a mean of.

    Raises:
        CheckpointError: their world models differ, so that h means something else to each actor, or their
            actors do in width.
    """
    (first, facts), *others = checkpoints
    for tensors, other in others:
        for name, tensor in section("world_model", first).items():
            if not torch.equal(tensor, tensors.get(f"world_model.{name}", torch.empty(0))):
                raise CheckpointError(
                    f"the world models after {facts['env_steps']} and {other['env_steps']} steps differ, "
                    "expected those of a run that leaves it as it is (world_model.updates_per_iteration=0)"
                )
    if len({tuple((k, v.shape) for k, v in section("actor", t).items()) for t, _ in checkpoints}) > 1:
        raise CheckpointError("the actors differ in width, expected those of one run (policy.width)")
    actor_of = [facts.get("actor_of", [facts["env_steps"]]) for _, facts in checkpoints]
    weights = torch.tensor([len(steps) for steps in actor_of]) / sum(map(len, actor_of))
    mean = {
        name: torch.tensordot(weights, torch.stack([tensors[name] for tensors, _ in checkpoints]), 1)
        for name in first
        if name.startswith("actor.")
    }
    return {**first, **mean}, {**facts, "actor_of": list(chain.from_iterable(actor_of))}


def widened(tensors: dict[str, Tensor], wider: dict[str, Tensor]) -> dict[str, Tensor]:
    """``tensors`` of a network for one whose hidden layers are ``wider``, which computes the same.

    Its added units see what the others of their layer see, as initialised in ``wider``, and begin with no
    say: the units that were there take nothing from them yet (Chen et al., Net2Net, 2016).

    Raises:
        CheckpointError: a layer is narrower there, or ``wider`` is another network.
    """
    if {name: t.dim() for name, t in tensors.items()} != {name: t.dim() for name, t in wider.items()}:
        raise CheckpointError("the networks have other layers, expected the same, only wider")
    found = {}
    for name, own in tensors.items():
        grown = wider[name].clone()
        if any(new < old for old, new in zip(own.shape, grown.shape, strict=True)):
            raise CheckpointError(
                f"{name} has the shape {tuple(own.shape)}, which does not fit into {tuple(grown.shape)}: "
                "expected --set policy.width as large as in that run, or larger"
            )
        kept = tuple(slice(size) for size in own.shape)
        grown[kept[0]] = 0.0
        grown[kept] = own
        found[name] = grown
    return found
