"""Recipes: the stages in which a policy comes about, each a run that can be stopped and resumed."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from wmp_training.checkpoint import CheckpointError, is_checkpoint, load_facts
from wmp_training.device import CPU
from wmp_training.distributed import ALONE, Ranks
from wmp_training.runner import RunConfig, Runner

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """What learns (see ``RunConfig.stage``), in which subfolder of the run, for how many steps."""

    name: str
    folder: str = "."
    steps: float = float("inf")


#: The last stage of each lies in the run's folder itself, where ``wmp export`` looks.
RECIPES: dict[str, tuple[Stage, ...]] = {
    "wmp": (Stage("wmp"),),
    "warm": (Stage("teacher", "teacher", 45e6), Stage("student", "student", 6e6), Stage("wmp")),
}


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
) -> Path:
    """Go through the stages of ``recipe`` in ``folder`` until ``time_limit`` s are over.

    Args:
        resume: continue every stage where its checkpoint says, with the configuration found there but for
            the ``settings`` of ``config``; a stage without one begins, with that of the stage before, unless
            none before it ever began. Otherwise the first stage begins, where there is no run yet.
        begin_with: checkpoint folder, of the same preset, task and policy, whose skill is taken over; stages
            before its own are left out.
        iterations: at most so many in each stage of this call.
        device: where everything but physics runs; not part of the run, which may be resumed on another.

    Returns:
        The checkpoint folder of the stage that was under way last.

    Raises:
        CheckpointError: there is a run already, or none to resume; the skill is of another kind.
    """
    if config.policy != "wmp" and recipe != "wmp":
        raise ValueError(f"policy {config.policy!r} is trained by reward alone, expected the recipe 'wmp'")
    end, source = time.monotonic() + time_limit, begin_with
    if not resume and ranks.any(bool(_begun_stages(folder, "warm"))):
        raise CheckpointError(f"{folder} holds a run; go on with it (--resume), or name another --out")
    stages: Sequence[Stage] = _from_first_begun(folder, recipe) if resume else RECIPES[recipe]
    if begin_with is not None:
        stages = _from_stage_of(begin_with, config, recipe)
    for stage in stages:
        path = folder / stage.folder
        begun = resume and is_checkpoint(path / "checkpoint")
        facts = load_facts(path / "checkpoint") if begun else {}
        # What begins later goes on with the settings of what was resumed.
        config = _merged(path, config.settings) if begun else replace(config, stage=stage.name)
        if begun and facts["env_steps"] >= stage.steps:
            source = path / "checkpoint"
            continue
        runner = Runner(path, config, threads, begun, ranks, device)
        if not begun and source is not None:
            runner.begin_with(source)
        logger.info("stage %s in %s, %.1f M steps so far", stage.name, path, runner.learner.env_steps / 1e6)
        runner.run(end - time.monotonic(), iterations, until_steps=stage.steps)
        if runner.is_over or runner.learner.env_steps < stage.steps:
            break
        # All ranks have saved before any reads.
        ranks.any(False)
        source = path / "checkpoint"
    return runner.checkpoint


def _from_first_begun(folder: Path, recipe: str) -> Sequence[Stage]:
    """The stages of the run in ``folder``: one that took over a skill never had those before it."""
    stages, begun = RECIPES[recipe], _begun_stages(folder, recipe)
    if not begun:
        load_facts(folder / stages[0].folder / "checkpoint")  # says what is missing
    return stages[stages.index(begun[0]) :]


def _from_stage_of(skill: Path, config: RunConfig, recipe: str) -> Sequence[Stage]:
    """The stages of ``recipe`` from that of the checkpoint ``skill`` on, which a run of ``config`` can take
    over; raises :class:`CheckpointError`."""
    found = load_facts(skill)["config"]
    for key in ("preset", "task", "policy"):
        own, expected = found.get(key, getattr(RunConfig, key, None)), getattr(config, key)
        if own != expected:
            raise CheckpointError(f"{skill} is of {key} {own!r}, expected {expected!r}")
    names = [stage.name for stage in RECIPES[recipe]]
    if found["stage"] not in names:
        raise CheckpointError(
            f"{skill} is of stage {found['stage']!r}, expected one of recipe {recipe!r}: {names}"
        )
    return RECIPES[recipe][names.index(found["stage"]) :]


def resumed(folder: Path, given: Mapping[str, Any]) -> tuple[str, RunConfig]:
    """Recipe and configuration of the run in ``folder``, with the settings that are ``given`` beside its own.

    Raises:
        FileNotFoundError: there is no run.
        CheckpointError: what else is given, by its name in ``RunConfig``, differs from the run's own; a
            setting that matters at the beginning only is given.
    """
    begun = _begun_stages(folder, "warm")
    if not begun:
        load_facts(folder / "checkpoint")  # says what is missing
    config = _merged(folder / begun[-1].folder, given.get("settings", {}))
    if "ppo.learning_rate" in given.get("settings", {}):
        raise CheckpointError(
            "ppo.learning_rate is where a run begins, and follows ppo.desired_kl from there on; set that"
        )
    for name, value in given.items():
        own = getattr(config, name)
        if name != "settings" and _plain(value) != _plain(own):
            raise CheckpointError(
                f"{folder} is a run with {name} {own!r}, not {value!r}; leave that out to go on with it, or "
                "begin another in a folder of its own"
            )
    return "wmp" if begun == [RECIPES["wmp"][0]] else "warm", config


def _begun_stages(folder: Path, recipe: str) -> list[Stage]:
    return [stage for stage in RECIPES[recipe] if is_checkpoint(folder / stage.folder / "checkpoint")]


def _merged(run: Path, settings: Mapping[str, Any]) -> RunConfig:
    """The configuration of the stage in ``run``, with ``settings`` beside its own."""
    found = load_facts(run / "checkpoint")["config"]
    unknown = set(found) - {field.name for field in fields(RunConfig)}
    if unknown:
        raise CheckpointError(
            f"{run} was trained by another version, with {sorted(unknown)}; take over its skill alone: "
            f"--begin-with {run / 'checkpoint'}"
        )
    return RunConfig(**{**found, "settings": {**found.get("settings", {}), **settings}})


def _plain(value: Any) -> Any:
    """``value`` as JSON gives it back."""
    return json.loads(json.dumps(value))
