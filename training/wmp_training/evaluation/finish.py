"""The finish line of an episode, which always lies on firm ground."""

from __future__ import annotations

import numpy as np

from wmp_sim.terrain import Terrain
from wmp_sim.terrain.track import PIT_FLOOR

#: Distance from the middle of the base to an outstretched foot, m; closer to an edge, a robot may be falling.
FOOTING = 0.35


def finish_line(terrain: Terrain, x: float) -> float:
    """``x`` [m], or the first firm ground after it where ``x`` lies over a pit.

    A robot in mid-air has not crossed a gap.
    """
    for edge, landing in pits(terrain):
        if edge - FOOTING < x < landing + FOOTING:
            x = landing + FOOTING
    return x


def pits(terrain: Terrain) -> list[tuple[float, float]]:
    """Begin and end [m] of every stretch without ground, in the order of x."""
    if terrain.floor > PIT_FLOOR:
        return []
    boxes = terrain.boxes
    begin, end = boxes.centre - boxes.half_size, boxes.centre + boxes.half_size
    ground = begin[:, 2] <= terrain.floor
    order = np.argsort(begin[ground, 0])
    edges, landings = end[ground, 0][order][:-1], begin[ground, 0][order][1:]
    return list(zip(edges.tolist(), landings.tolist(), strict=True))
