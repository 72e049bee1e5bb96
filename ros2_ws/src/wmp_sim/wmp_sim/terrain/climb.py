"""Boxes to climb onto and jump off."""

from __future__ import annotations

import numpy as np

from .geometry import Boxes, Span, Terrain
from .track import ACROSS, first_obstacle

#: Lowest height of a box, height at difficulty 1, ranges of its length and of the ground between boxes [m].
LOWEST = 0.03
HEIGHT = 0.6
LENGTH = (1.0, 1.2)
SPACING = (2.0, 3.0)


def climb(difficulty: float, rng: np.random.Generator) -> Terrain:
    """Two boxes of height 0.6 d across the track, 1.0 to 1.2 m long."""
    first = climb_box(first_obstacle(rng), difficulty, rng)
    second = climb_box(first[0][1] + float(rng.uniform(*SPACING)), difficulty, rng)
    return Terrain(
        "climb", difficulty, Boxes.spanning(first, second), None, 0.0, (0.0, 0.0, 0.0), goal_x=second[0][1]
    )


def climb_box(begin: float, difficulty: float, rng: np.random.Generator) -> Span:
    """One box from x = ``begin`` on."""
    return (begin, begin + float(rng.uniform(*LENGTH))), ACROSS, (0.0, max(HEIGHT * difficulty, LOWEST))
