"""Registries of reward terms and ends: functions under their own names. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from wmp_core.choices import unknown

#: Names and numbers, in the order of registration; settings change single entries.
Table = tuple[tuple[str, float], ...]


_Function = TypeVar("_Function", bound=Callable)


def register(functions: dict[str, _Function]) -> Callable[[_Function], _Function]:
    """A decorator that adds a function to ``functions`` under its own name."""

    def add(function: _Function) -> _Function:
        functions[function.__name__] = function
        return function

    return add


def table(what: str, known: Iterable[str], rest: float, given: Mapping[str, float]) -> Table:
    """A number for every ``known`` name: the ``given`` one, or ``rest``.

    Raises:
        ValueError: a given name is unknown; ``what`` names the kind of entry.
    """
    known = list(known)
    for name in given:
        if name not in known:
            raise unknown(what, name, known)
    return tuple((name, float(given.get(name, rest))) for name in known)
