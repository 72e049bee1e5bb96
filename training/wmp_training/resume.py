"""Loads the checkpoints of a run to resume: one per rank, all of the same iteration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wmp_training.checkpoint import load_checkpoint
from wmp_training.checkpoint_facts import CheckpointError, is_checkpoint
from wmp_training.distributed import Ranks


def load_of_ranks(checkpoint: Path, robots: int, ranks: Ranks) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of this rank's ``checkpoint``; all ranks call this together.

    Ranks with weights of different iterations would silently train different policies.

    Args:
        robots: number of robots per rank.

    Raises:
        FileNotFoundError: there is no checkpoint.
        CheckpointError: on all ranks, if one has no checkpoint, or one with another number of robots or of
            another iteration.
    """
    other = f"or take over only its skill: --begin-with {checkpoint.parent / 'checkpoint'}"
    if ranks.size > 1 and ranks.any(not is_checkpoint(checkpoint)):
        raise CheckpointError(
            f"{checkpoint.parent} has no checkpoint for each of {ranks.size} ranks; resume with as many as "
            f"before, {other}"
        )
    tensors, facts = load_checkpoint(checkpoint)
    stored, iteration = len(tensors["env.level"]), float(facts["iteration"])
    if ranks.any(stored != robots):
        raise CheckpointError(
            f"{checkpoint} holds {stored} robots, expected {robots} for each of {ranks.size} ranks; resume "
            f"with as many ranks as before, {other}"
        )
    mean = float(ranks.mean(torch.tensor(iteration)))
    if ranks.any(iteration != mean):
        raise CheckpointError(
            f"{checkpoint} is from iteration {iteration:g}, those of all ranks from {mean:g} on average: the "
            f"run was killed while it saved. Start a new run, {other}"
        )
    return tensors, facts
