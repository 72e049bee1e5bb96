"""Timing of the stages: from every single run where the nodes report it, else from their diagnostics."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

#: A diagnostics key that holds one figure of one stage: ``policy_p99_ms``.
_FIGURE = re.compile(r"(?P<stage>.+)_(?P<figure>p50|p99|max)_ms")


def stage_timing(
    samples: Mapping[str, Sequence[float]], diagnostics: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, float]]:
    """Stage -> ``p50_ms``, ``p99_ms``, ``max_ms``.

    Args:
        samples: stage -> duration [ms] of every single run; preferred.
        diagnostics: node -> key -> newest value; keys such as ``cycle_p99_ms`` count.
    """
    stages: dict[str, dict[str, float]] = {}
    for values in diagnostics.values():
        for key, value in values.items():
            if match := _FIGURE.fullmatch(key):
                stages.setdefault(match["stage"], {})[f"{match['figure']}_ms"] = float(value)
    for stage, durations in samples.items():
        p50, p99, worst = np.percentile(durations, (50, 99, 100))
        stages[stage] = {"p50_ms": float(p50), "p99_ms": float(p99), "max_ms": float(worst)}
    return stages


def diagnostic_value(diagnostics: Mapping[str, Mapping[str, str]], key: str) -> str | None:
    """The value reported under ``key`` by whichever node reports it; None when nobody does."""
    for values in diagnostics.values():
        if key in values:
            return values[key]
    return None
