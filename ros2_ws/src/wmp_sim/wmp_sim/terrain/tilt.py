"""Slots narrower than the robot, which must tilt its body to pass."""

from __future__ import annotations

import numpy as np

from .geometry import Boxes, Span, Terrain
from .track import ACROSS, first_obstacle, lerp

#: Width of the slot at difficulty 0 and 1, height of its walls, range of its length [m].
WIDTH = (0.32, 0.28)
HEIGHT = 1.0
LENGTH = (0.4, 0.8)
#: Range of the ground between slots [m].
SPACING = (1.8, 2.8)


def tilt(difficulty: float, rng: np.random.Generator) -> Terrain:
    """Two slots of width 0.32 - 0.04 d in walls across the track."""
    first = slot_walls(first_obstacle(rng), difficulty, rng)
    second = slot_walls(first[0][0][1] + float(rng.uniform(*SPACING)), difficulty, rng)
    return Terrain(
        "tilt",
        difficulty,
        Boxes.spanning(*first, *second),
        None,
        0.0,
        (0.0, 0.0, 0.0),
        goal_x=second[0][0][1],
    )


def slot_walls(begin: float, difficulty: float, rng: np.random.Generator) -> tuple[Span, Span]:
    """The walls right and left of one slot from x = ``begin`` on."""
    along = (begin, begin + float(rng.uniform(*LENGTH)))
    half_width = lerp(*WIDTH, difficulty) / 2
    return (along, (ACROSS[0], -half_width), (0.0, HEIGHT)), (along, (half_width, ACROSS[1]), (0.0, HEIGHT))
