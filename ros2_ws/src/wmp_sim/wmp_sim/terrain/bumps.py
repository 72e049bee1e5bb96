"""Bumps on the ground of tracks that are otherwise made of boxes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .geometry import Boxes, Terrain
from .rough import CELL, LEVEL_START, grid, random_bumps, track_height_field

#: Terrains that can have bumps.
BUMPY = ("gap", "climb")
#: Depth of the height field below level ground and below the bottom of a pit, where it must not show [m].
HIDDEN = 0.01


def with_bumps(terrain: Terrain, amplitude: float, rng: np.random.Generator) -> Terrain:
    """``terrain`` with bumps of random height up to ``amplitude`` [m], level around the start.

    Heights are drawn in +-amplitude as on rough ground, but the level ground fills what lies below it, so
    that the edges of pits and boxes stay as sharp and as high as without bumps.
    """
    x, y = grid()
    heights = np.where(np.hypot(x, y) < LEVEL_START, -HIDDEN, random_bumps(amplitude, rng))
    if terrain.floor < 0.0:
        heights[~_within(terrain.boxes, x, CELL)] = -HIDDEN
        heights[~_within(terrain.boxes, x, 0.0)] = terrain.floor - HIDDEN
    return replace(terrain, height_field=track_height_field(heights))


def _within(boxes: Boxes, x: np.ndarray, margin: float) -> np.ndarray:
    """Which ``x`` are on a box and at least ``margin`` from its ends along the track."""
    centre, reach = boxes.centre[:, 0], boxes.half_size[:, 0] - margin
    return (np.abs(x[..., None] - centre) <= reach).any(-1)
