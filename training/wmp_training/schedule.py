"""Schedules: settings that change with the number of samples of a stage. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from wmp_core.choices import suggestion

#: What may change while a stage runs: nothing that sizes networks, memories or worlds.
SCHEDULABLE = (
    "env.rewards.*",
    "env.ends.*",
    "env.curriculum.*",
    "env.push_velocity",
    "env.push_period",
    "ppo.entropy",
    "ppo.desired_kl",
    "ppo.gamma",
    "ppo.lam",
    "ppo.clip",
    "world_model.updates_per_iteration",
)
#: How values between two points are found: on the line between them, or the earlier one.
KINDS = ("linear", "steps")


@dataclass(frozen=True)
class Schedule:
    """Values at ``points`` (samples, value), constant before the first and after the last."""

    kind: str
    points: tuple[tuple[float, float], ...]

    def at(self, samples: float) -> float:
        """The value after ``samples``; whole where all values are whole numbers."""
        reached = [index for index, (where, _) in enumerate(self.points) if where <= samples]
        last = reached[-1] if reached else 0
        where, value = self.points[last]
        if self.kind == "linear" and reached and last + 1 < len(self.points):
            after, next_value = self.points[last + 1]
            value = value + (next_value - value) * (samples - where) / (after - where)
        whole = all(isinstance(number, int) for _, number in self.points)
        return round(value) if whole else float(value)


def is_schedule(value: Any) -> bool:
    """Whether ``value`` looks like ``{linear: ...}`` or ``{steps: ...}``."""
    return isinstance(value, Mapping) and set(value) <= set(KINDS)


def schedule(name: str, given: Any) -> Schedule:
    """The schedule ``{linear: [[samples, value], ...]}`` or ``{steps: ...}`` of the setting ``name``.

    Raises:
        ValueError: the setting cannot change during a stage, or the points are wrong.
    """
    if not any(fnmatchcase(name, pattern) for pattern in SCHEDULABLE):
        near = suggestion(name, SCHEDULABLE)
        raise ValueError(f"schedule {name}: expected one of {list(SCHEDULABLE)}{near}")
    expected = "expected {linear: [[samples, value], ...]} or {steps: ...}, with rising samples"
    if not is_schedule(given) or len(given) != 1:
        raise ValueError(f"schedule {name} is {given!r}, {expected}")
    ((kind, points),) = given.items()
    if not isinstance(points, (list, tuple)) or not points or not all(map(_is_point, points)):
        raise ValueError(f"schedule {name} is {given!r}, {expected}")
    samples = [point[0] for point in points]
    if any(later <= earlier for earlier, later in pairwise(samples)):
        raise ValueError(f"schedule {name} has the samples {samples}, expected them to rise")
    return Schedule(kind, tuple((where, value) for where, value in points))


def _is_point(point: Any) -> bool:
    pair = isinstance(point, (list, tuple)) and len(point) == 2
    return pair and all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in point)
