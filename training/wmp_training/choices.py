"""Refusing an unknown name: the error lists the known ones and suggests the nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown(what: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a ``name`` that is none of the ``known`` ones; ``what`` is the option or setting."""
    choices = sorted(known)
    near = nearest(name, choices)
    hint = f"; did you mean {near!r}?" if near else ""
    return ValueError(f"{what} is {name!r}, expected one of {choices}{hint}")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of the ``known`` names that looks most like ``name``, if any does."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return close[0] if close else None
