"""What a run has learned, for another run to begin with: stripped or widened."""

from __future__ import annotations

from torch import Tensor

from wmp_training.checkpoint import section
from wmp_training.checkpoint_facts import CheckpointError


def stripped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The part of a checkpoint that another run needs to begin with: networks and terrain levels.

    Averaged networks replace those of the moment. A few MB instead of hundreds: without robots, replay
    buffers and random states, and without the discriminator and the depth predictor, which depend on the
    robots' present behaviour.
    """
    momentary = (
        "average.",
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
    tensors = tensors | section("average", tensors)
    return {k: v for k, v in tensors.items() if k in ("env.level", "env.kind") or not k.startswith(momentary)}


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
