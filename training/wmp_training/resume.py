"""Loading what a run goes on from: every rank has a checkpoint of its own, and all are of one moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wmp_training.checkpoint import load_checkpoint
from wmp_training.checkpoint_facts import CheckpointError, is_checkpoint
from wmp_training.distributed import Ranks


def load_of_ranks(checkpoint: Path, robots: int, ranks: Ranks) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of this rank's ``checkpoint``; all ranks load theirs at once.

    Ranks with weights of different moments would learn on without a word, each a policy of its own.

    Args:
        robots: of every rank.

    Raises:
        FileNotFoundError: there is no checkpoint.
        CheckpointError: one rank has none, or one of another number of robots or iterations; on all ranks.
    """
    other = f"or take over its skill alone: --begin-with {checkpoint.parent / 'checkpoint'}"
    if ranks.size > 1 and ranks.any(not is_checkpoint(checkpoint)):
        raise CheckpointError(
            f"{checkpoint.parent} has no checkpoint for each of {ranks.size} ranks; resume with as many as "
            f"before, {other}"
        )
    tensors, facts = load_checkpoint(checkpoint)
    held, iteration = len(tensors["env.level"]), float(facts["iteration"])
    if ranks.any(held != robots):
        raise CheckpointError(
            f"{checkpoint} is of {held} robots, expected {robots} for each of {ranks.size} ranks; resume "
            f"with as many ranks as before, {other}"
        )
    mean = float(ranks.mean(torch.tensor(iteration)))
    if ranks.any(iteration != mean):
        raise CheckpointError(
            f"{checkpoint} is of iteration {iteration:g}, those of all ranks are of {mean:g} on average: the "
            f"run was killed while it saved. Begin anew, {other}"
        )
    return tensors, facts
