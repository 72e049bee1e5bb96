"""What a run has learned, for another run to begin with: stripped, averaged, or widened."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from wmp_training.checkpoint import section
from wmp_training.checkpoint_facts import CheckpointError


def stripped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The part of a checkpoint that another run needs to begin with: networks and terrain levels.

    A few MB instead of hundreds: without robots, replay buffers and random states, and without the
    discriminator and the depth predictor, which depend on the robots' present behaviour.
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
    return {k: v for k, v in tensors.items() if k in ("env.level", "env.kind") or not k.startswith(momentary)}


def mean_actor(
    checkpoints: Sequence[tuple[dict[str, Tensor], dict[str, Any]]],
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The first of ``checkpoints`` with the mean of all their actors; the facts list the steps of each.

    With many kinds of obstacles PPO oscillates: one checkpoint is better here, another there. Their mean is
    often better than each. A checkpoint that is a mean itself is weighted by the number of its parts.

    Raises:
        CheckpointError: the world models differ, so that h means something else to each actor, or the actors
            differ in width.
    """
    (first, facts), *others = checkpoints
    for tensors, other in others:
        for name, tensor in section("world_model", first).items():
            if not torch.equal(tensor, tensors.get(f"world_model.{name}", torch.empty(0))):
                raise CheckpointError(
                    f"the world models after {facts['env_steps']} and {other['env_steps']} steps differ, "
                    "expected the same one: train with --set world_model.updates_per_iteration=0"
                )
    if len({tuple((k, v.shape) for k, v in section("actor", t).items()) for t, _ in checkpoints}) > 1:
        raise CheckpointError("the actors differ in width, expected the same policy.width")
    actor_of = [facts.get("actor_of", [facts["env_steps"]]) for _, facts in checkpoints]
    weights = torch.tensor([len(steps) for steps in actor_of]) / sum(map(len, actor_of))
    mean = {
        name: torch.tensordot(weights, torch.stack([tensors[name] for tensors, _ in checkpoints]), 1)
        for name in first
        if name.startswith("actor.")
    }
    return {**first, **mean}, {**facts, "actor_of": list(chain.from_iterable(actor_of))}


def widened(tensors: dict[str, Tensor], wider: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a network, grown to the shapes of ``wider`` without changing its function.

    Added units keep their incoming weights from ``wider``; their outgoing weights to the original units are
    zero (Net2Net, Chen et al., 2016).

    Raises:
        CheckpointError: a layer of ``wider`` is narrower, or its layers are others.
    """
    if {name: t.dim() for name, t in tensors.items()} != {name: t.dim() for name, t in wider.items()}:
        raise CheckpointError("the networks have other layers, expected the same ones, only wider")
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
