"""All obstacles in random order."""

from __future__ import annotations

import numpy as np

from .climb import climb_box
from .crawl import crawl_bar
from .gap import gap_width
from .geometry import Boxes, Span, Terrain
from .stairs import RISE, TREAD, flight
from .tilt import slot_walls
from .track import PIT_FLOOR, STOPPING_ROOM, TRACK_REAR, first_obstacle, ground, lerp

#: Range of the level ground between two obstacles, and length of the ground beyond the last [m].
SPACING = (1.4, 2.0)
RUN_OUT = 2.0
#: Number of steps up, and of levels on the way down.
STEPS = 3

OBSTACLES = ("stairs", "gap", "climb", "crawl", "tilt")


def course(difficulty: float, rng: np.random.Generator) -> Terrain:
    """Stairs up and down, a gap, a box, a bar and a slot, each as difficult as on its own track."""
    spans: list[Span] = []
    ground_begin, begin, end = TRACK_REAR, first_obstacle(rng), 0.0
    for obstacle in rng.permutation(OBSTACLES):
        if obstacle == "gap":
            spans.append(ground(ground_begin, begin))
            ground_begin = end = begin + gap_width(difficulty)
        else:
            added = _obstacle(obstacle, begin, difficulty, rng)
            spans.extend(added)
            end = added[-1][0][1]
        begin = end + float(rng.uniform(*SPACING))
    spans.append(ground(ground_begin, end + RUN_OUT))
    return Terrain(
        "course",
        difficulty,
        Boxes.spanning(*spans),
        None,
        PIT_FLOOR,
        (0.0, 0.0, 0.0),
        goal_x=end,
        end_x=end + RUN_OUT - STOPPING_ROOM,
    )


def _obstacle(name: str, begin: float, difficulty: float, rng: np.random.Generator) -> list[Span]:
    """The boxes of one obstacle; the last box ends where the obstacle ends."""
    if name == "stairs":
        levels = [*range(1, STEPS + 1), *range(STEPS, 0, -1)]
        rise, tread = lerp(*RISE, difficulty), float(rng.uniform(*TREAD))
        return flight(begin, tread, [rise * level for level in levels], floor=0.0)
    if name == "climb":
        return [climb_box(begin, difficulty, rng)]
    if name == "crawl":
        return [crawl_bar(begin, difficulty, rng)]
    return list(slot_walls(begin, difficulty, rng))
