"""Recipes: the stages in which a policy is trained, and which of them a run still has to go through.

Needs neither torch nor MuJoCo, so that a command can refuse a mistake before it loads either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from wmp_core.choices import unknown
from wmp_training.checkpoint_facts import CheckpointError, is_checkpoint, load_facts
from wmp_training.run_config import RunConfig


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


def started_stages(folder: Path, recipe: str = "warm") -> list[Stage]:
    """The stages of ``recipe`` that have a checkpoint in the run ``folder``."""
    return [stage for stage in RECIPES[recipe] if is_checkpoint(folder / stage.folder / "checkpoint")]


def stages_to_do(
    folder: Path, recipe: str, config: RunConfig, resume: bool = False, begin_with: Path | None = None
) -> Sequence[Stage]:
    """The stages of ``recipe`` that a run in ``folder`` goes through, checked as far as possible in advance.

    Args:
        resume: from the first started stage on; a run that began with a skill has none before it.
        begin_with: checkpoint folder whose skill is taken over; stages before its own are left out.

    Raises:
        ValueError: recipe and configuration do not go together.
        CheckpointError: there is a run already, or the skill is of another kind.
        FileNotFoundError: there is no run to resume, or no checkpoint to begin with.
    """
    if recipe not in RECIPES:
        raise unknown("recipe", recipe, RECIPES)
    if config.policy != "wmp" and recipe != "wmp":
        raise ValueError(f"policy {config.policy!r} is trained by reward alone, expected the recipe 'wmp'")
    stages: Sequence[Stage] = RECIPES[recipe]
    if resume:
        stages = _from_first_started(folder, recipe)
    elif started_stages(folder):
        raise CheckpointError(f"{folder} holds a run; continue it with --resume, or name another --out")
    if begin_with is not None:
        stages = _from_stage_of(begin_with, config, recipe)
    for stage in stages:
        replace(config, stage=stage.name)  # refuses what the stage cannot do
    return stages


def _from_first_started(folder: Path, recipe: str) -> Sequence[Stage]:
    stages, started = RECIPES[recipe], started_stages(folder, recipe)
    if not started:
        load_facts(folder / stages[0].folder / "checkpoint")  # raises: says what is missing
    return stages[stages.index(started[0]) :]


def _from_stage_of(skill: Path, config: RunConfig, recipe: str) -> Sequence[Stage]:
    """The stages of ``recipe`` from that of the checkpoint ``skill`` on."""
    found = load_facts(skill)["config"]
    for key in ("preset", "task", "policy"):
        own, expected = found.get(key, getattr(RunConfig, key, None)), getattr(config, key)
        if own != expected:
            raise CheckpointError(f"{skill} has the {key} {own!r}, expected {expected!r}")
    names = [stage.name for stage in RECIPES[recipe]]
    if found["stage"] not in names:
        raise CheckpointError(
            f"{skill} is from stage {found['stage']!r}, expected one of recipe {recipe!r}: {names}"
        )
    return RECIPES[recipe][names.index(found["stage"]) :]


def resumed(folder: Path, given: Mapping[str, Any]) -> tuple[str, RunConfig]:
    """Recipe and configuration of the run in ``folder``, with the ``given`` settings in addition to its own.

    Raises:
        FileNotFoundError: there is no run.
        CheckpointError: another ``given`` value, by its name in ``RunConfig``, differs from the run's own, or
            a setting is given that has an effect only at the beginning of a run.
    """
    started = started_stages(folder)
    if not started:
        load_facts(folder / "checkpoint")  # raises: says what is missing
    config = merged(folder / started[-1].folder, given.get("settings", {}))
    if "ppo.learning_rate" in given.get("settings", {}):
        raise CheckpointError(
            "ppo.learning_rate is the rate at which a run begins and follows ppo.desired_kl from then on; "
            "set ppo.desired_kl instead"
        )
    for name, value in given.items():
        own = getattr(config, name)
        if name != "settings" and _plain(value) != _plain(own):
            raise CheckpointError(
                f"{folder} is a run with {name} {own!r}, not {value!r}; leave that option out to continue "
                "the run, or start a new run in another folder"
            )
    return "wmp" if started == [RECIPES["wmp"][0]] else "warm", config


def merged(run: Path, settings: Mapping[str, Any]) -> RunConfig:
    """The configuration of the stage in ``run``, with ``settings`` in addition to its own.

    Raises:
        CheckpointError: the stage was trained by another version.
    """
    found = load_facts(run / "checkpoint")["config"]
    excess = set(found) - {field.name for field in fields(RunConfig)}
    if excess:
        raise CheckpointError(
            f"{run} was trained by another version, with {sorted(excess)}; take over only its skill: "
            f"--begin-with {run / 'checkpoint'}"
        )
    return RunConfig(**{**found, "settings": {**found.get("settings", {}), **settings}})


def _plain(value: Any) -> Any:
    """``value`` as JSON gives it back."""
    return json.loads(json.dumps(value))
