"""Dimensions that every track shares [m], and how obstacles are strung along it."""

from __future__ import annotations

import numpy as np

from .geometry import Span

#: Ground before the robot's start, and half of the track's width.
TRACK_REAR = -2.0
TRACK_HALF_WIDTH = 2.5
ACROSS = (-TRACK_HALF_WIDTH, TRACK_HALF_WIDTH)
#: Where the first obstacle may begin, where the last may end, and how far the ground goes on.
FIRST_OBSTACLE = (0.8, 1.3)
LAST_OBSTACLE = 8.0
TRACK_END = 9.0
#: What a walk at 0.8 m/s needs to come to a stand before an edge: the front feet lead the base by 0.35 m.
STOPPING_ROOM = 1.0
#: Floor under a track that has something to fall into.
PIT_FLOOR = -5.0


def lerp(easy: float, hard: float, difficulty: float) -> float:
    """The value at ``difficulty``: ``easy`` at 0, ``hard`` at 1."""
    return easy + (hard - easy) * difficulty


def first_obstacle(rng: np.random.Generator) -> float:
    """Random x at which the first obstacle begins: fixed places would let a blind policy learn them."""
    return float(rng.uniform(*FIRST_OBSTACLE))


def ground(begin: float, end: float, floor: float = PIT_FLOOR) -> Span:
    """Solid ground with its surface at z = 0 that stands on ``floor``."""
    return (begin, end), ACROSS, (floor, 0.0)
