"""Stairs, up and down."""

from __future__ import annotations

import numpy as np

from .geometry import Boxes, Span, Terrain
from .track import ACROSS, STOPPING_ROOM, TRACK_END, first_obstacle, ground, lerp

#: Rise of a step at difficulty 0 and 1, range of its tread [m].
RISE = (0.05, 0.23)
TREAD = (0.30, 0.34)
STEPS = 14


def stairs_up(difficulty: float, rng: np.random.Generator) -> Terrain:
    """14 steps up of rise 0.05 + 0.18 d, then a landing."""
    begin, rise, tread = first_obstacle(rng), lerp(*RISE, difficulty), float(rng.uniform(*TREAD))
    steps = flight(begin, tread, [rise * (i + 1) for i in range(STEPS)], floor=0.0)
    (last_begin, _), across, height = steps[-1]
    steps[-1] = (last_begin, TRACK_END), across, height
    return Terrain(
        "stairs_up",
        difficulty,
        Boxes.spanning(*steps),
        None,
        0.0,
        (0.0, 0.0, 0.0),
        goal_x=last_begin + tread,
        end_x=TRACK_END - STOPPING_ROOM,
    )


def stairs_down(difficulty: float, rng: np.random.Generator) -> Terrain:
    """14 steps down of rise 0.05 + 0.18 d; the robot starts at their top."""
    begin, rise, tread = first_obstacle(rng), lerp(*RISE, difficulty), float(rng.uniform(*TREAD))
    floor = -rise * STEPS
    head = ground(-TRACK_END, begin, floor)
    steps = flight(begin, tread, [-rise * (i + 1) for i in range(STEPS - 1)], floor)
    goal_x = begin + STEPS * tread
    return Terrain(
        "stairs_down", difficulty, Boxes.spanning(head, *steps), None, floor, (0.0, 0.0, 0.0), goal_x
    )


def flight(begin: float, tread: float, heights: list[float], floor: float) -> list[Span]:
    """Steps from x = ``begin``, one ``tread`` long each, with surfaces at ``heights``."""
    edges = begin + tread * np.arange(len(heights) + 1)
    return [((edges[i], edges[i + 1]), ACROSS, (floor, height)) for i, height in enumerate(heights)]
