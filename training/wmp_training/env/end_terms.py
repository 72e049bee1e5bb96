"""Ends of an episode: one function each, registered under its name.

To add one, write a function with ``@failure`` or ``@finish`` and give it a limit in a recipe
(``env.ends.NAME``); without a limit it never applies. A docstring says what the limit means. Needs no torch,
so that a recipe can be checked before torch is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmp_training.env.registry import Table, register, table

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class EndInputs:
    """The state that decides, for all N robots.

    Attributes:
        position: of the base [N, 3], m; on a track relative to its start.
        gravity: unit gravity in the base frame [N, 3].
        trunk_time: duration of uninterrupted trunk contact [N], s.
        idle_time: time without 0.1 m of progress under a command to walk along a track [N], s.
        track: whether the robot is on a track along +x [N]; the others are on open ground.
        pits: whether its track has pits [N].
    """

    position: Tensor
    gravity: Tensor
    trunk_time: Tensor
    idle_time: Tensor
    track: Tensor
    pits: Tensor


End = Callable[[EndInputs, float], "Tensor"]
#: Ends [N] that count as failures, and ends that do not (a failure in the same step prevails).
FAILURES: dict[str, End] = {}
FINISHES: dict[str, End] = {}


failure, finish = register(FAILURES), register(FINISHES)


def limits(given: Mapping[str, float]) -> Table:
    """Limits of all registered ends: the ``given`` ones, infinite for all others."""
    return table("end", (*FAILURES, *FINISHES), math.inf, given)


@failure
def upright(now: EndInputs, limit: float) -> Tensor:
    """The base is tilted: z of unit gravity in the base frame exceeds ``limit`` (-1 level, 0 on the side)."""
    return now.gravity[:, 2] > limit


@failure
def trunk_contact(now: EndInputs, limit: float) -> Tensor:
    """The trunk has lain on something for more than ``limit`` s."""
    return now.trunk_time > limit


@failure
def stuck(now: EndInputs, limit: float) -> Tensor:
    """No progress under a command to walk for more than ``limit`` s."""
    return now.idle_time > limit


@failure
def pit(now: EndInputs, limit: float) -> Tensor:
    """The base is more than ``limit`` m below the start, on a track with pits."""
    return now.pits & (now.position[:, 2] < -limit)


@failure
def off_side(now: EndInputs, limit: float) -> Tensor:
    """More than ``limit`` m beside the middle of the track, as a failure."""
    return now.track & (now.position[:, 1].abs() > limit)


@failure
def off_back(now: EndInputs, limit: float) -> Tensor:
    """More than ``limit`` m behind the start of the track, as a failure."""
    return now.track & (now.position[:, 0] < -limit)


@finish
def track_end(now: EndInputs, limit: float) -> Tensor:
    """More than ``limit`` m along the track."""
    return now.track & (now.position[:, 0] > limit)


@finish
def side_exit(now: EndInputs, limit: float) -> Tensor:
    """More than ``limit`` m beside the middle of the track, without a failure."""
    return now.track & (now.position[:, 1].abs() > limit)


@finish
def back_exit(now: EndInputs, limit: float) -> Tensor:
    """More than ``limit`` m behind the start of the track, without a failure."""
    return now.track & (now.position[:, 0] < -limit)
