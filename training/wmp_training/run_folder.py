"""The folder of a run: which stages of its recipe have started, and which are to do. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wmp_training.checkpoint_facts import (
    CheckpointError,
    check_run_facts,
    is_checkpoint,
    load_facts,
)
from wmp_training.recipe import Recipe, Stage, plain, recipe_of, same_content


def newest_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of the stage that the run in ``folder`` has reached; None if there is no run."""
    inside = folder.iterdir() if folder.is_dir() else ()
    places = [folder / "checkpoint", *(place / "checkpoint" for place in inside if place.is_dir())]
    found = [place for place in places if is_checkpoint(place)]
    return max(found, key=lambda place: load_facts(place).get("stage_index", 0), default=None)


def started_stages(folder: Path, recipe: Recipe) -> list[Stage]:
    """The stages of ``recipe`` that have a checkpoint in the run ``folder``."""
    return [stage for stage in recipe.stages if is_checkpoint(folder / stage.folder / "checkpoint")]


def check_unused(folder: Path) -> None:
    """Refuse a ``folder`` with a run; raises ``CheckpointError``."""
    if newest_checkpoint(folder) is not None:
        raise CheckpointError(f"{folder} holds a run; continue it with --resume, or name another --out")


def stages_to_do(
    folder: Path, recipe: Recipe, resume: bool = False, begin_with: Path | None = None
) -> Sequence[Stage]:
    """The stages of ``recipe`` that a run in ``folder`` goes through.

    Args:
        resume: from the first started stage on; a run that began with a skill has none before it.
        begin_with: checkpoint folder whose skill is taken over; stages before its own are left out.

    Raises:
        CheckpointError: there is a run already, or the skill is of another kind.
        FileNotFoundError: there is no run to resume, or no checkpoint to begin with.
    """
    if resume:
        started = started_stages(folder, recipe)
        if not started:
            load_facts(folder / recipe.stages[0].folder / "checkpoint")  # raises: says what is missing
        return recipe.stages[recipe.stages.index(started[0]) :]
    check_unused(folder)
    return recipe.stages if begin_with is None else _from_stage_of(begin_with, recipe)


def resumed(folder: Path, given: Mapping[str, Any], other: Recipe | None = None) -> Recipe:
    """The recipe of the run in ``folder``, with the ``given`` settings in addition to its own.

    Args:
        given: from the command line, by names in ``RunConfig``.
        other: recipe to go on with instead, which has the started stages too.

    Raises:
        FileNotFoundError: there is no run.
        CheckpointError: the run is of another version, another ``given`` value differs from the run's own, or
            a setting is given that has an effect only at the beginning of a run.
    """
    checkpoint = newest_checkpoint(folder)
    facts = load_facts(checkpoint or folder / "checkpoint")  # raises if there is none
    if not {"recipe", "stage_name"} <= set(facts):
        raise CheckpointError(
            f"{folder} was trained by another version, whose runs had no recipe file; take over only its "
            f"skill: --begin-with {checkpoint}"
        )
    check_run_facts(checkpoint or folder, facts)
    settings = given.get("settings", {})
    if "ppo.learning_rate" in settings:
        raise CheckpointError(
            "ppo.learning_rate is the rate at which a run begins and follows ppo.desired_kl from then on; "
            "set ppo.desired_kl instead"
        )
    for name, value in given.items():
        own = facts["config"].get(name)
        if name != "settings" and plain(value) != plain(own):
            raise CheckpointError(
                f"{folder} is a run with {name} {own!r}, not {value!r}; leave that option out to continue "
                "the run, or start a new run in another folder"
            )
    record = facts["recipe"] if other is None else {**other.record, "given": facts["recipe"]["given"]}
    found = recipe_of(record, settings)
    names = [stage.name for stage in found.stages]
    if facts["stage_name"] not in names:
        raise CheckpointError(
            f"{folder} is in stage {facts['stage_name']!r}, expected a recipe with that stage, not {names}"
        )
    return found


def check_same_recipe(folder: Path, recipe: Recipe) -> None:
    """Refuse to resume the run in ``folder`` by another recipe; raises ``CheckpointError``."""
    own = resumed(folder, {})
    if not same_content(own, recipe):
        raise CheckpointError(
            f"{folder} follows another content of recipe {own.name!r} than {recipe.name!r} has now; leave "
            "--recipe out to go on with its own, or add --change-recipe to go on with the other"
        )


def _from_stage_of(skill: Path, recipe: Recipe) -> Sequence[Stage]:
    """The stages of ``recipe`` from that of the checkpoint ``skill`` on."""
    facts = load_facts(skill)
    if not isinstance(facts.get("config"), dict) or "stage" not in facts["config"]:
        check_run_facts(skill, facts)
    found = facts["config"]
    learns = [stage.config.stage for stage in recipe.stages]
    if found["stage"] not in learns:
        raise CheckpointError(
            f"{skill} is from stage {found['stage']!r}, expected one of recipe {recipe.name!r}: {learns}"
        )
    stages = recipe.stages[learns.index(found["stage"]) :]
    for key in ("preset", "task", "policy"):
        own, expected = found.get(key, "wmp" if key == "policy" else None), getattr(stages[0].config, key)
        if own != expected:
            raise CheckpointError(f"{skill} has the {key} {own!r}, expected {expected!r}")
    return stages
