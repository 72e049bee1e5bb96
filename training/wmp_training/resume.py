"""Loads the checkpoints of a run to resume: one per rank, all of the same iteration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wmp_training.checkpoint import load_checkpoint
from wmp_training.checkpoint_facts import TENSORS, CheckpointError, check_run_facts, is_checkpoint
from wmp_training.distributed import Ranks

#: Tensors that exist only once optimisers or a recurrent policy have made a step, or on another device.
OPTIONAL = (
    "ppo_optimizer.",
    "world_model_optimizer.",
    "amp.optimizer.",
    "depth_predictor.optimizer.",
    "memory",
    "device_rng",
)


def load_of_ranks(
    checkpoint: Path, robots: int, ranks: Ranks, expected: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of this rank's ``checkpoint``; all ranks call this together.

    Ranks with weights of different iterations would silently train different policies.

    Args:
        robots: number of robots per rank.
        expected: the tensors of a run of this version, whose names and shapes are compared.

    Raises:
        FileNotFoundError: there is no checkpoint.
        CheckpointError: on all ranks, if one has no checkpoint, or one with another number of robots or of
            another iteration; a checkpoint is of another version.
    """
    other = f"or take over only its skill: --begin-with {checkpoint.parent / 'checkpoint'}"
    if ranks.size > 1 and ranks.any(not is_checkpoint(checkpoint)):
        raise CheckpointError(
            f"{checkpoint.parent} has no checkpoint for each of {ranks.size} ranks; resume with as many as "
            f"before, {other}"
        )
    tensors, facts = load_checkpoint(checkpoint)
    check_run_facts(checkpoint, facts)
    level, iteration = tensors.get("env.level"), float(facts["iteration"])
    stored = robots if level is None else len(level)
    if ranks.any(stored != robots):
        raise CheckpointError(
            f"{checkpoint} holds {stored} robots, expected {robots} for each of {ranks.size} ranks; resume "
            f"with as many ranks as before, {other}"
        )
    check_tensors(checkpoint, tensors, expected)
    mean = float(ranks.mean(torch.tensor(iteration)))
    if ranks.any(iteration != mean):
        raise CheckpointError(
            f"{checkpoint} is from iteration {iteration:g}, those of all ranks from {mean:g} on average: the "
            f"run was killed while it saved. Start a new run, {other}"
        )
    return tensors, facts


def check_tensors(checkpoint: Path, tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Refuse a checkpoint of another version before anything of it is loaded.

    Raises:
        CheckpointError: names and shapes of its ``tensors`` are not the ``expected`` ones; names the first.
    """
    missing = sorted(set(expected) - set(tensors))
    unknown = sorted(name for name in set(tensors) - set(expected) if not name.startswith(OPTIONAL))
    shapes = [
        f"{name} with shape {list(tensors[name].shape)} instead of {list(own.shape)}"
        for name, own in expected.items()
        # The number of robots per rank is compared by itself.
        if name in tensors and tensors[name].shape[1:] != own.shape[1:]
    ]
    problems = [f"no {', '.join(missing[:3])}"] if missing else []
    problems += [f"an unknown {', '.join(unknown[:3])}"] if unknown else []
    problems += shapes[:3]
    if problems:
        raise CheckpointError(
            f"{checkpoint} was trained by another version, or is damaged: {TENSORS} holds "
            f"{'; '.join(problems)}. Take over only its skill: --begin-with {checkpoint}"
        )
