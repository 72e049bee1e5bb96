"""Where an episode may end in success: on firm ground."""

from __future__ import annotations

import numpy as np

from wmp_sim.terrain import Terrain
from wmp_sim.terrain.track import PIT_FLOOR

#: From the base's middle to a foot that reaches out, m: who is nearer to an edge may be falling.
FOOTING = 0.35


def finish_line(terrain: Terrain, x: float) -> float:
    """``x`` [m] on ``terrain``, or firm ground beyond the pit over which it lies: a robot in mid-air has not
    crossed a gap."""
    for edge, landing in pits(terrain):
        if edge - FOOTING < x < landing + FOOTING:
            x = landing + FOOTING
    return x


def pits(terrain: Terrain) -> list[tuple[float, float]]:
    """From where to where the ground of ``terrain`` is missing, in the order of x [m]."""
    if terrain.floor > PIT_FLOOR:
        return []
    boxes = terrain.boxes
    begin, end = boxes.centre - boxes.half_size, boxes.centre + boxes.half_size
    ground = begin[:, 2] <= terrain.floor
    order = np.argsort(begin[ground, 0])
    edges, landings = end[ground, 0][order][:-1], begin[ground, 0][order][1:]
    return list(zip(edges.tolist(), landings.tolist(), strict=True))
