"""Timing of the stages of the loop, as the nodes report it in their diagnostics."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: A diagnostics key that holds one figure of one stage: ``policy_p99_ms``.
_FIGURE = re.compile(r"(?P<stage>.+)_(?P<figure>p50|p99|max)_ms")


def stage_timing(diagnostics: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, float]]:
    """Stage -> ``p50_ms``, ``p99_ms``, ``max_ms``, gathered from the newest diagnostics of all nodes."""
    stages: dict[str, dict[str, float]] = {}
    for values in diagnostics.values():
        for key, value in values.items():
            if match := _FIGURE.fullmatch(key):
                stages.setdefault(match["stage"], {})[f"{match['figure']}_ms"] = float(value)
    return stages


def diagnostic_value(diagnostics: Mapping[str, Mapping[str, str]], key: str) -> str | None:
    """The value reported under ``key`` by whichever node reports it; None when nobody does."""
    for values in diagnostics.values():
        if key in values:
            return values[key]
    return None
