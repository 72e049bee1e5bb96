"""Gaps to leap over."""

from __future__ import annotations

import numpy as np

from .geometry import Boxes, Terrain
from .track import (
    LAST_OBSTACLE,
    PIT_FLOOR,
    STOPPING_ROOM,
    TRACK_END,
    TRACK_REAR,
    first_obstacle,
    ground,
)

#: Smallest width, width at difficulty 1, range of the length of landings between gaps [m].
NARROWEST = 0.05
WIDTH = 1.0
LANDING = (1.2, 1.8)


def gap(difficulty: float, rng: np.random.Generator) -> Terrain:
    """Gaps of width 1.0 d and 5 m depth along the whole track, with landings of random length."""
    width = gap_width(difficulty)
    ground_begin, edge = TRACK_REAR, first_obstacle(rng)
    landings = []
    while edge + width <= LAST_OBSTACLE:
        landings.append(ground(ground_begin, edge))
        ground_begin = edge + width
        edge = ground_begin + float(rng.uniform(*LANDING))
    end = TRACK_END + LANDING[0]
    landings.append(ground(ground_begin, end))
    return Terrain(
        "gap",
        difficulty,
        Boxes.spanning(*landings),
        None,
        PIT_FLOOR,
        (0.0, 0.0, 0.0),
        goal_x=ground_begin,
        end_x=end - STOPPING_ROOM,
    )


def gap_width(difficulty: float) -> float:
    """Width of a gap [m]."""
    return max(WIDTH * difficulty, NARROWEST)
