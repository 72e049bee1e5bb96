"""Errors for unknown names, which list the known ones and suggest the nearest."""

from __future__ import annotations

import difflib
from typing import Iterable


def unknown(what: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a ``name`` that is not among ``known``; ``what`` is the option or setting."""
    choices = sorted(known)
    return ValueError(f"{what} is {name!r}, expected one of {choices}{suggestion(name, choices)}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """End of an error message that suggests the most similar ``known`` name; empty if none is similar."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
