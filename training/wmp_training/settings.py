"""Single settings of a run, by name, instead of those of its preset or task."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from wmp_core.choices import suggestion

Config = TypeVar("Config")
#: What a setting can be: numbers, switches and, in recipes, lists of numbers.
Value = bool | int | float | Sequence[float]
#: Settings of released checkpoints that no longer exist; they only shaped the training.
RETIRED = ("env.rewards.run_up", "env.rewards.vault")


def parse(text: str) -> tuple[str, Value]:
    """Name and value of ``ppo.epochs=5``; raises ``ValueError`` if the value is no number, true or false."""
    name, equals, value = text.partition("=")
    try:
        found = json.loads(value)
    except json.JSONDecodeError:
        found = None
    if not equals or not isinstance(found, (bool, int, float)):
        raise ValueError(f"{text!r} is not a setting, expected NAME=VALUE like ppo.epochs=5")
    return name, found


def configured(config: Config, settings: Mapping[str, Value]) -> Config:
    """``config`` with the ``settings`` whose first name is one of its fields, see :func:`changed`.

    Those that are ``RETIRED`` have no effect, so that old checkpoints can be evaluated.
    """
    own = {f.name for f in fields(config)}  # type: ignore[arg-type]
    for name, value in settings.items():
        if name.partition(".")[0] in own and name not in RETIRED:
            config = changed(config, name, value)
    return config


def changed(config: Config, name: str, value: Value) -> Config:
    """``config``, a dataclass of dataclasses, with ``value`` at ``name``, like ``rewards.crouch``.

    A tuple of pairs (name, number) is set like a dataclass: ``terrain_shares.gap``. A list of numbers
    replaces a tuple of as many.

    Raises:
        ValueError: there is no such setting, it has parts of its own, or ``value`` does not fit.
    """
    return _changed(config, name.split("."), name, value)


def _changed(config: Any, path: list[str], name: str, value: Value) -> Any:
    is_table = _is_table(config)
    known = dict(config) if is_table else {f.name: getattr(config, f.name) for f in fields(config)}
    key, *rest = path
    if key not in known:
        near = suggestion(key, known)
        raise ValueError(f"setting {name}: there is no {key!r}, expected one of {sorted(known)}{near}")
    now = known[key]
    if rest and (is_dataclass(now) or _is_table(now)):
        new = _changed(now, rest, name, value)
    elif rest or not (isinstance(now, (bool, int, float)) or _is_numbers(now) or _is_range(config, key)):
        raise ValueError(f"setting {name}: {'.'.join(path)!r} is not a number or switch of its own")
    else:
        new = _like(now, name, value)
    return tuple((known | {key: new}).items()) if is_table else replace(config, **{key: new})


def _is_table(value: Any) -> bool:
    """Whether ``value`` is a tuple of pairs (name, number)."""
    return isinstance(value, tuple) and all(
        isinstance(pair, tuple) and [type(part) for part in pair] == [str, float] for pair in value
    )


def _is_numbers(value: Any) -> bool:
    """Whether ``value`` is a list of numbers."""
    return (
        isinstance(value, (tuple, list)) and bool(value) and all(type(part) in (int, float) for part in value)
    )


def _is_range(config: Any, key: str) -> bool:
    """Whether the field ``key`` may hold numbers although it has none now, such as ``env.action_delay``."""
    declared = {f.name: str(f.type) for f in fields(config)} if is_dataclass(config) else {}
    return declared.get(key, "").startswith("tuple[float, float] | None")


def _like(now: Any, name: str, value: Value) -> Any:
    """``value`` in the type of ``now``; an integer is accepted where a float is expected."""
    if isinstance(now, float) and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if now is None or _is_numbers(now):
        like = (0.0, 0.0) if now is None else now
        if not isinstance(value, (tuple, list)) or not _is_numbers(value) or len(value) != len(like):
            raise ValueError(f"setting {name} is {value!r}, expected {len(like)} numbers like {list(like)}")
        return tuple(type(like[0])(part) for part in value)
    if type(value) is not type(now):
        raise ValueError(f"setting {name} is {value!r}, expected {type(now).__name__} like {now!r}")
    return value
