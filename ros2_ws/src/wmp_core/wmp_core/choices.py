"""Refusing an unknown name: the error lists the known ones and suggests the nearest."""

from __future__ import annotations

import difflib
from typing import Iterable


def unknown(what: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a ``name`` that is none of the ``known`` ones; ``what`` is the option or setting."""
    choices = sorted(known)
    return ValueError(f"{what} is {name!r}, expected one of {choices}{suggestion(name, choices)}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the ``known`` name that is most similar to ``name``, if any is similar."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
