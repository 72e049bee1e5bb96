"""Training a policy through the stages of a recipe; every stage can be stopped and resumed."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path

import torch

from wmp_training.checkpoint_facts import CheckpointError, is_checkpoint, load_facts
from wmp_training.device import CPU
from wmp_training.distributed import ALONE, Ranks
from wmp_training.recipe import merged, stages_to_do, started_stages
from wmp_training.run_config import RunConfig
from wmp_training.runner import Runner
from wmp_training.stop import StopRequest

logger = logging.getLogger(__name__)


def train(
    folder: Path,
    recipe: str,
    config: RunConfig,
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
        resume: continue every stage from its checkpoint, with the configuration stored there and the
            ``settings`` of ``config`` in addition; a stage without a checkpoint begins with the
            configuration of the stage before. Otherwise the first stage begins, in a folder without a run.
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
    if not resume and ranks.any(bool(started_stages(folder))):
        raise CheckpointError(f"{folder} holds a run; continue it with --resume, or name another --out")
    for stage in stages_to_do(folder, recipe, config, resume, begin_with):
        path = folder / stage.folder
        started = resume and is_checkpoint(path / "checkpoint")
        facts = load_facts(path / "checkpoint") if started else {}
        # A stage that begins later keeps the settings of the resumed one.
        config = merged(path, config.settings) if started else replace(config, stage=stage.name)
        if started and facts["env_steps"] >= stage.steps:
            source = path / "checkpoint"
            continue
        runner = Runner(path, config, threads, started, ranks, device, stop)
        if not started and source is not None:
            runner.begin_with(source)
        logger.info("stage %s in %s, %.1f M steps so far", stage.name, path, runner.learner.env_steps / 1e6)
        runner.run(end - time.monotonic(), iterations, until_steps=stage.steps)
        if runner.is_over or runner.learner.env_steps < stage.steps:
            break
        ranks.any(False)  # every rank has saved before any rank reads
        source = path / "checkpoint"
    return runner.checkpoint
