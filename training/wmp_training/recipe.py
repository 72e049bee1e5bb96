"""Recipes: how a policy is trained, in stages, from one YAML file. Needs neither torch nor MuJoCo.

A recipe has the keys of ``RunConfig`` (``preset``, ``task``, ``settings``, ...), which hold for all its
stages, and the list ``stages``. A stage has a ``name``, what ``learns`` (see ``RunConfig.stage``), ``until``
how many samples, which networks it ``hands_over`` to the next one, and keys of ``RunConfig`` for itself.
``settings`` and ``schedule`` nest the dotted names of ``--set``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from wmp_core.choices import suggestion, unknown
from wmp_training.recipe_yaml import load_yaml
from wmp_training.run_config import RunConfig
from wmp_training.schedule import is_schedule

#: Recipes of this package, by name.
PACKAGED = {path.stem: path for path in sorted((Path(__file__).parent / "recipes").glob("*.yaml"))}
#: What a stage can hand over; by default everything that the next one has a place for.
HANDED = ("teacher", "actor", "critic", "world_model", "levels")
#: What is the same in all stages.
OF_RUN = ("seed", "policy")
DEFAULTS: dict[str, Any] = {"preset": "small", "num_envs": 1024, "seed": 1}


@dataclass(frozen=True)
class Stage:
    """One stage of a recipe.

    Attributes:
        name: also of its subfolder in the run.
        folder: subfolder; the last stage lies in the run's folder itself, where ``wmp export`` looks.
        config: its configuration.
        until: its samples.
        hands_over: names of :data:`HANDED` that the next stage begins with.
    """

    name: str
    folder: str
    config: RunConfig
    until: float = float("inf")
    hands_over: tuple[str, ...] = HANDED


@dataclass(frozen=True)
class Recipe:
    """A recipe as a run follows it.

    Attributes:
        name: of the file, without its suffix.
        text: the file.
        given: values from the command line, by their names in ``RunConfig``, instead of the recipe's own.
        stages: what follows from both.
    """

    name: str
    text: str
    given: Mapping[str, Any]
    stages: tuple[Stage, ...]

    @property
    def record(self) -> dict[str, Any]:
        """What a checkpoint keeps, and :func:`recipe_of` takes."""
        return {"name": self.name, "text": self.text, "given": dict(self.given)}

    @property
    def ends(self) -> bool:
        """Whether the last stage ends after some number of samples."""
        return self.stages[-1].until < float("inf")


def find_recipe(source: str, given: Mapping[str, Any]) -> Recipe:
    """The packaged recipe or the file ``source``, with the ``given`` values instead of its own.

    Raises:
        ValueError: there is no such recipe, or something in it is wrong; the message says where.
        OSError: the file cannot be read.
    """
    path = PACKAGED.get(source)
    if path is None:
        path = Path(source)
        if not (path.suffix or path.is_file()):
            raise unknown("recipe", source, PACKAGED)
    return recipe(path.stem, path.read_text(encoding="utf-8"), given)


def recipe_of(record: Mapping[str, Any], settings: Mapping[str, Any]) -> Recipe:
    """The recipe of a run from the ``record`` in its checkpoint, with ``settings`` in addition."""
    given = record["given"]
    given = {**given, "settings": {**given.get("settings", {}), **settings}}
    return recipe(record["name"], record["text"], given)


def recipe(name: str, text: str, given: Mapping[str, Any]) -> Recipe:
    """The recipe with the content ``text``; raises ``ValueError`` that says what is wrong in it."""
    try:
        content = load_yaml(text)
        _check_names("", content, (*_keys(), "stages"))
        stages = content.get("stages")
        if not isinstance(stages, list) or not stages or not all(isinstance(s, dict) for s in stages):
            raise ValueError(f"stages is {stages!r}, expected a list of stages")
        common = {key: value for key, value in content.items() if key != "stages"}
        built = tuple(_stages(stages, common, given))
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"recipe {name}: {error}") from error
    return Recipe(name, text, given, built)


def same_content(one: Recipe, other: Recipe) -> bool:
    """Whether both files say the same; comments and order do not count."""
    return load_yaml(one.text) == load_yaml(other.text)


def _stages(
    stages: list[dict[str, Any]], common: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[Stage]:
    names = [stage.get("name") for stage in stages]
    for index, (name, stage) in enumerate(zip(names, stages, strict=True)):
        if not isinstance(name, str) or not name.isidentifier() or names.count(name) > 1:
            raise ValueError(f"the name of a stage is {name!r}, expected a word of its own in {names}")
        where = f"stage {name}: "
        own = tuple(key for key in _keys() if key not in OF_RUN)
        _check_names(where, stage, ("name", "learns", "until", "hands_over", *own))
        try:
            config = _config(stage.get("learns", "wmp"), [common, stage], given)
        except ValueError as error:
            raise ValueError(f"{where}{error}") from error
        if config.policy != "wmp" and (len(stages) > 1 or config.stage != "wmp"):
            raise ValueError(
                f"policy {config.policy!r} is trained by reward alone, expected the recipe 'wmp'"
            )
        folder = "." if index == len(stages) - 1 else name
        until, handed = _until(where, stage), _handed(where, stage)
        if index < len(stages) - 1 and until == float("inf"):
            raise ValueError(f"{where}until is missing, expected a number of samples")
        yield Stage(name, folder, config, until, handed)


def _config(learns: str, sources: list[Mapping[str, Any]], given: Mapping[str, Any]) -> RunConfig:
    """The configuration of a stage: later ``sources`` prevail over earlier ones, ``given`` over all."""
    found: dict[str, Any] = {**DEFAULTS, "settings": {}, "schedule": {}}
    for source in sources:
        for key in _keys() & source.keys():
            value = _typed(key, source[key])
            if key == "settings" or key == "schedule":
                found[key] = {**found[key], **dict(_flat(value))}
            else:
                found[key] = value
    settings = {**found["settings"], **given.get("settings", {})}
    return RunConfig(**{**found, **given, "stage": learns, "settings": settings})


def _flat(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values; schedules are values."""
    for key, value in nested.items():
        if isinstance(value, dict) and not is_schedule(value):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _keys() -> set[str]:
    """The keys of a recipe that are fields of ``RunConfig``."""
    return {field.name for field in fields(RunConfig)} - {"stage"}


def _typed(key: str, value: Any) -> Any:
    """``value`` if it has the type of the field ``key``; a list becomes a tuple."""
    example = getattr(RunConfig(**DEFAULTS), key)
    value = tuple(value) if isinstance(value, list) else value
    if isinstance(example, float) and type(value) is int:
        return float(value)
    if type(value) is not type(example):
        raise ValueError(f"{key} is {value!r}, expected {type(example).__name__}")
    return value


def _until(where: str, stage: Mapping[str, Any]) -> float:
    until = stage.get("until", float("inf"))
    if isinstance(until, bool) or not isinstance(until, (int, float)) or not until > 0:
        raise ValueError(f"{where}until is {until!r}, expected a number of samples above 0")
    return float(until)


def _handed(where: str, stage: Mapping[str, Any]) -> tuple[str, ...]:
    handed = stage.get("hands_over", list(HANDED))
    if not isinstance(handed, list):
        raise ValueError(f"{where}hands_over is {handed!r}, expected a list of some of {list(HANDED)}")
    for name in handed:
        if name not in HANDED:
            raise unknown(f"{where}hands_over", name, HANDED)
    return tuple(handed)


def _check_names(where: str, found: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in found:
        if key not in known:
            near = suggestion(str(key), known)
            raise ValueError(f"{where}there is no {key!r}, expected some of {sorted(known)}{near}")


def plain(value: Any) -> Any:
    """``value`` as JSON gives it back."""
    return json.loads(json.dumps(value))
