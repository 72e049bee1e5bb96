"""Dimensions that every track shares [m]."""

from __future__ import annotations

import numpy as np

#: Ground before the robot's start, and half of the track's width.
TRACK_REAR = -2.0
TRACK_HALF_WIDTH = 2.5
#: Where the first obstacle may begin, and the end of a track.
FIRST_OBSTACLE = (0.8, 1.3)
TRACK_END = 9.0
#: Depth of solid ground under a track that stands above a pit.
GROUND_DEPTH = 1.0


def lerp(easy: float, hard: float, difficulty: float) -> float:
    """The value at ``difficulty`` in [0, 1] between ``easy`` and ``hard``."""
    return easy + (hard - easy) * difficulty


def first_obstacle(rng: np.random.Generator) -> float:
    """Random x at which the first obstacle begins: fixed places would let a blind policy learn them."""
    return float(rng.uniform(*FIRST_OBSTACLE))
