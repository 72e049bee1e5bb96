"""How well surprise tells episodes that fail from those that do not, some time before they end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wmp_core.control.safety_monitor import SafetySettings

#: Time before the end of an episode [s] at which a warning must have come: a robot can stop within it.
AHEAD = 0.5
#: Time constant of the smoothed surprise, s; the runtime's own.
SMOOTHING = SafetySettings().surprise_time


class SurpriseHistory:
    """Smoothed KL(posterior || prior) of N robots over their episodes, as in the runtime's safety rule."""

    def __init__(self, count: int) -> None:
        self._smoothed = torch.zeros(count)
        self._largest = torch.full((count,), torch.nan)
        #: Time [N] and largest surprise so far [N] after every update.
        self._history: list[tuple[Tensor, Tensor]] = []

    def update(self, kl: Tensor, elapsed: float, time: Tensor, running: Tensor) -> None:
        """Add KL [N], nats, of the ``running`` robots [N], ``elapsed`` s after the last; NaN is skipped.

        ``time`` [N] is that of each episode, s.
        """
        on = running & ~kl.isnan()
        share = -math.expm1(-elapsed / SMOOTHING)
        self._smoothed += ((kl - self._smoothed) * share).where(on, 0.0)
        self._largest = torch.fmax(self._largest, self._smoothed).where(on, self._largest)
        self._history.append((time.clone(), self._largest))

    def largest(self, robot: int) -> float:
        """Largest surprise of the episode; NaN without any."""
        return float(self._largest[robot])

    def ahead(self, robot: int, duration: float) -> float:
        """Largest surprise until ``AHEAD`` s before the end at ``duration`` s; NaN without any."""
        latest = math.nan
        for time, largest in self._history:
            if float(time[robot]) > duration - AHEAD + 1e-6:
                break
            latest = float(largest[robot])
        return latest


#: What the table of separations shows.
SEPARATION = (
    f"Whether surprise until {AHEAD:g} s before the end tells episodes that fail from those that reach the\n"
    "goal: area under the ROC curve, 0.5 for chance and 1 for a perfect warning."
)


@dataclass(frozen=True)
class Separation:
    """How surprise separates failed episodes from the others on one terrain.

    ``area`` is that under the receiver operating characteristic: the probability that a failed episode had
    a larger surprise than one that reached the goal; 0.5 is chance, NaN if there are none of either.
    """

    area: float
    failed: int
    passed: int


def separation(failed: Sequence[float], passed: Sequence[float]) -> Separation:
    """Compare all pairs of episodes; equal values count half (Mann and Whitney 1947)."""
    failed, passed = ([value for value in values if not math.isnan(value)] for values in (failed, passed))
    if not failed or not passed:
        return Separation(math.nan, len(failed), len(passed))
    wins = sum((f > p) + 0.5 * (f == p) for f in failed for p in passed)
    return Separation(wins / (len(failed) * len(passed)), len(failed), len(passed))


def separation_by_terrain(episodes: Sequence[Mapping[str, Any]]) -> dict[str, Separation]:
    """Separation per terrain from the episodes of a report; empty if they have no surprise.

    An episode fails if it does not reach the goal; all difficulties and conditions count together.
    """
    by_terrain: dict[str, tuple[list[float], list[float]]] = {}
    for episode in episodes:
        value = episode.get("surprise_ahead")
        if value is not None:
            sides = by_terrain.setdefault(episode["terrain"], ([], []))
            sides[episode["end"] == "goal"].append(value)
    return {terrain: separation(*sides) for terrain, sides in by_terrain.items()}


def separation_table(found: Mapping[str, Separation]) -> str:
    """The areas in Markdown; a dash where no episode failed or none passed."""
    lines = ["| terrain | area under the curve | failed | passed |", "|---|---|---|---|"]
    for terrain, each in found.items():
        area = "-" if math.isnan(each.area) else f"{each.area:.2f}"
        lines.append(f"| {terrain} | {area} | {each.failed} | {each.passed} |")
    return "\n".join(lines)
