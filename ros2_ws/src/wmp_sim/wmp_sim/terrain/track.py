"""Dimensions of all tracks [m], and the placement of obstacles along them."""

from __future__ import annotations

import numpy as np

from .geometry import Span

#: Ground before the robot's start, and half of the track's width.
TRACK_REAR = -2.0
TRACK_HALF_WIDTH = 2.5
ACROSS = (-TRACK_HALF_WIDTH, TRACK_HALF_WIDTH)
#: Range of the start of the first obstacle, end of the last one, and end of the ground.
FIRST_OBSTACLE = (0.8, 1.3)
LAST_OBSTACLE = 8.0
TRACK_END = 9.0
#: Distance in which a robot stops from 0.8 m/s before an edge: the front feet are 0.35 m ahead of base_link.
STOPPING_ROOM = 1.0
#: Height of the floor under a track with a pit.
PIT_FLOOR = -5.0


def lerp(easy: float, hard: float, difficulty: float) -> float:
    """The value at ``difficulty``: ``easy`` at 0, ``hard`` at 1."""
    return easy + (hard - easy) * difficulty


def first_obstacle(rng: np.random.Generator) -> float:
    """Random x at which the first obstacle begins; a blind policy would learn fixed positions."""
    return float(rng.uniform(*FIRST_OBSTACLE))


def ground(begin: float, end: float, floor: float = PIT_FLOOR) -> Span:
    """Solid ground from ``floor`` to z = 0."""
    return (begin, end), ACROSS, (floor, 0.0)
