"""A training run: a folder, a clock, checkpoints, a progress line."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch.utils.tensorboard import SummaryWriter

from wmp_training.build import build_learner
from wmp_training.checkpoint import load_checkpoint, save_checkpoint
from wmp_training.checkpoint_facts import CheckpointError, check_run_facts
from wmp_training.device import CPU
from wmp_training.distributed import ALONE, Ranks
from wmp_training.log import RunLog
from wmp_training.model_free import ModelFreeLearner
from wmp_training.progress import iteration_line
from wmp_training.recipe import HANDED
from wmp_training.resume import load_of_ranks
from wmp_training.run_config import RunConfig
from wmp_training.stop import StopRequest
from wmp_training.world_model.prediction_plot import judge_and_draw

logger = logging.getLogger(__name__)


class Runner:
    """Trains in ``folder`` until its time or iterations are over, or a stop is requested; always saves.

    ``record``: kept in the checkpoint: the recipe, and the stage of it.

    ``is_over``: the time was over or a stop was requested, on any rank; no further stage may begin.
    """

    CHECKPOINT_PERIOD = 300.0

    def __init__(
        self,
        folder: Path,
        config: RunConfig,
        threads: int = 2,
        resume: bool = False,
        ranks: Ranks = ALONE,
        device: torch.device = CPU,
        stop: StopRequest | None = None,
        record: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder, self.config, self.ranks, self.record = folder, config, ranks, record or {}
        self.learner = build_learner(config.at(0), threads, ranks, device)
        self.ancestry: list[dict[str, Any]] = []
        self.log = RunLog(folder, ranks.rank)
        self.wall_time, self.is_over = 0.0, False
        self.stop = stop or StopRequest()
        self._curves: SummaryWriter | None = None
        if resume:
            robots, (expected, _) = self.learner.env.num_robots, self.learner.state_dict()
            tensors, facts = load_of_ranks(self.checkpoint, robots, ranks, expected)
            self.learner.load_state_dict(tensors, facts)
            self.wall_time, self.ancestry = facts["wall_time_s"], facts.get("ancestry", [])
            self.log.forget_after(self.learner.iteration)

    @property
    def checkpoint(self) -> Path:
        """Every rank has its own checkpoint, because it has its own robots."""
        return self.folder / ("checkpoint" if self.ranks.rank == 0 else f"checkpoint_rank{self.ranks.rank}")

    def begin_with(self, folder: Path, handed: Collection[str] = HANDED) -> None:
        """Begin with what is ``handed`` over by the checkpoint ``folder`` instead of from scratch.

        A checkpoint of the same stage continues the count of steps and time; one of another stage becomes the
        last entry of the ``ancestry``, which is copied into the bundle's metadata.
        """
        tensors, facts = load_checkpoint(folder)
        check_run_facts(folder, facts)
        try:
            self.learner.load_skill(tensors, handed)
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(
                f"the skill of {folder} does not fit this version or these settings: {one_line(error)}"
            ) from error
        self.ancestry = facts.get("ancestry", [])
        if facts["config"]["stage"] == self.config.stage:
            self.learner.iteration, self.learner.env_steps = facts["iteration"], facts["env_steps"]
            self.wall_time = facts["wall_time_s"]
        else:
            self.ancestry = [*self.ancestry, stage_of(facts)]

    def run(
        self,
        time_limit: float,
        iterations: int | None = None,
        report: Callable[[str], None] = logger.info,
        until_steps: float = float("inf"),
    ) -> None:
        """Train for at most ``time_limit`` s of wall time and ``iterations`` iterations (of this call), and
        until the run has ``until_steps`` environment steps; then save."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.stop.deferred():
            self._iterate(time_limit, iterations, report, until_steps)
            self.save()
            self.is_over = self.ranks.any(self.is_over or self.stop.requested)

    def _iterate(
        self,
        time_limit: float,
        iterations: int | None,
        report: Callable[[str], None],
        until_steps: float,
    ) -> None:
        begin, wall_before, saved = time.monotonic(), self.wall_time, time.monotonic()
        last = self.learner.iteration + iterations if iterations is not None else None
        batch = self.config.num_envs * self.learner.preset.ppo.steps_per_env
        while self.learner.env_steps < until_steps and (last is None or self.learner.iteration < last):
            started = time.monotonic()
            if self.config.schedule:
                present = self.config.at(self.learner.env_steps)
                self.learner.configure(present.resolved_preset(), present.resolved_task().env)
            log = self.learner.iterate()
            now = time.monotonic()
            self.wall_time = wall_before + now - begin
            self._record(log, now - started)
            if self.ranks.rank == 0:
                rate = batch / (now - started)
                left = min(time_limit - (now - begin), (until_steps - self.learner.env_steps) / rate)
                done = self.learner.iteration, self.learner.env_steps, rate
                report(iteration_line(log, *done, time_left=left))
            self.is_over = self.ranks.any(self.stop.requested or now - begin >= time_limit)
            if self.is_over:
                break
            if self.ranks.any(now - saved > self.CHECKPOINT_PERIOD):
                self.save()
                saved = now

    def save(self) -> None:
        """Write the current checkpoint, and a picture of what the world model predicts."""
        tensors, facts = self.learner.state_dict()
        run = {"wall_time_s": self.wall_time, "config": vars(self.config), "ancestry": self.ancestry}
        # For the record: every setting of worlds, environment and randomisation.
        settings = {"task": asdict(self.config.resolved_task())}
        save_checkpoint(self.checkpoint, tensors, {**facts, **run, **self.record, **settings})
        self._draw_prediction()

    def _draw_prediction(self) -> None:
        """Draw an open-loop prediction of the world model; log its error beside that of the last image."""
        learner = self.learner
        if isinstance(learner, ModelFreeLearner) or self.ranks.rank > 0:
            return
        path = self.folder / "predictions" / f"{learner.iteration:06d}.png"
        far = learner.env.contract.depth.far
        errors = judge_and_draw(learner.networks.world_model, learner.replay, far, path, learner.iteration)
        if errors is not None:
            logger.info(
                "depth predicted 1 s ahead: error %.3f m; last image instead: %.3f m; %s",
                errors.model[-1],
                errors.persistence[-1],
                path,
            )

    def _record(self, log: dict[str, float], seconds: float) -> None:
        line = {
            "iteration": self.learner.iteration,
            "env_steps": self.learner.env_steps,
            "wall_time_s": self.wall_time,
        }
        levels = self.learner.env.curriculum.take_counts()
        self.log.append({**line, "iteration_s": seconds, **log, "levels": levels})
        if self.ranks.rank == 0:
            self._plot({"iteration_s": seconds, **log}, levels)

    def _plot(self, log: dict[str, float], levels: dict[str, dict[str, list[int]]]) -> None:
        """Write TensorBoard curves over environment steps."""
        if self._curves is None:
            # Points after the resumed checkpoint are replaced.
            batch = self.config.num_envs * self.learner.preset.ppo.steps_per_env
            begin = self.learner.env_steps - batch + 1
            self._curves = SummaryWriter(str(self.folder), purge_step=begin)
        for name, value in log.items():
            self._curves.add_scalar(name, value, self.learner.env_steps)
        for terrain, counts in levels.items():
            for level, (finished, passed) in enumerate(
                zip(counts["finished"], counts["passed"], strict=True)
            ):
                if finished:
                    self._curves.add_scalar(
                        f"success_{terrain}/{level}", passed / finished, self.learner.env_steps
                    )


def stage_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Name, environment steps and wall time [s] of the stage that a checkpoint's ``facts`` describe."""
    return {
        "stage": facts["config"].get("stage", "wmp"),
        "env_steps": facts["env_steps"],
        "wall_time_s": round(facts["wall_time_s"]),
    }


def one_line(error: Exception) -> str:
    """The message of ``error`` without line breaks."""
    return " ".join(str(error).split())
