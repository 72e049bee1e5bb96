"""Training a policy through the stages of a recipe; every stage can be stopped and resumed."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import torch

from wmp_training.checkpoint_facts import is_checkpoint, load_run_facts
from wmp_training.device import CPU
from wmp_training.distributed import ALONE, Ranks
from wmp_training.recipe import HANDED, Recipe, Stage
from wmp_training.run_folder import stages_to_do
from wmp_training.runner import Runner
from wmp_training.stop import StopRequest

logger = logging.getLogger(__name__)


def train(
    folder: Path,
    recipe: Recipe,
    threads: int = 2,
    resume: bool = False,
    ranks: Ranks = ALONE,
    begin_with: Path | None = None,
    time_limit: float = float("inf"),
    iterations: int | None = None,
    device: torch.device = CPU,
    stop: StopRequest | None = None,
) -> Path:
    """Go through the stages of ``recipe`` in ``folder`` for at most ``time_limit`` s of wall time.

    Args:
        resume: continue every stage from its checkpoint; a stage without one begins. Otherwise the first
            stage begins, in a folder without a run.
        begin_with: checkpoint folder, of the same preset, task and policy, whose skill is taken over; stages
            before its own are left out.
        iterations: maximum per stage in this call.
        device: where everything but physics runs; not part of the run, which may be resumed on another.
        stop: ends the training early, after an iteration; the checkpoint is written first.

    Returns:
        The checkpoint folder of the last stage that ran.

    Raises:
        CheckpointError: there is a run already, or none to resume; the skill is of another kind.
    """
    end, source = time.monotonic() + time_limit, begin_with
    handed: tuple[str, ...] = HANDED
    stages = stages_to_do(folder, recipe, resume, begin_with)
    ranks.any(False)  # every rank has looked before any rank writes
    checkpoint = folder / "checkpoint"
    for stage in stages:
        checkpoint = folder / stage.folder / "checkpoint"
        started = resume and is_checkpoint(checkpoint)
        if not started or load_run_facts(checkpoint)["env_steps"] < stage.until:
            record = _record(recipe, stage)
            runner = Runner(checkpoint.parent, stage.config, threads, started, ranks, device, stop, record)
            if not started and source is not None:
                runner.begin_with(source, handed)
            steps = runner.learner.env_steps / 1e6
            logger.info("stage %s in %s, %.1f M samples so far", stage.name, checkpoint.parent, steps)
            runner.run(end - time.monotonic(), iterations, until_steps=stage.until)
            checkpoint = runner.checkpoint
            if runner.is_over or runner.learner.env_steps < stage.until:
                break
        ranks.any(False)  # every rank has saved before any rank reads
        source, handed = folder / stage.folder / "checkpoint", stage.hands_over
    return checkpoint


def _record(recipe: Recipe, stage: Stage) -> dict[str, Any]:
    """What the checkpoint of ``stage`` keeps of its ``recipe``."""
    place = {"stage_name": stage.name, "stage_index": recipe.stages.index(stage)}
    return {"recipe": recipe.record, **place}
