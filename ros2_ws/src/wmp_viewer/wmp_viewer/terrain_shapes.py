"""The terrain for the page: boxes, a height field and the floor, all in the world frame [m]."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from wmp_sim.terrain import HeightField, Terrain, seeded_terrain

#: Distance from the start within which boxes are drawn [m]; some reach much further than anyone walks.
_DRAWN = 40.0


def terrain_shapes(name: str, difficulty: float, seed: int) -> dict[str, Any]:
    """The terrain that the simulator builds from these three values.

    Raises:
        ValueError: there is no such terrain, or the difficulty is out of range.
    """
    terrain = seeded_terrain(name, difficulty, seed)
    return {
        "name": name,
        "difficulty": difficulty,
        "seed": seed,
        "floor": terrain.floor,
        "start": list(terrain.start),
        "goal_x": terrain.goal_x if math.isfinite(terrain.goal_x) else None,
        "boxes": _boxes(terrain),
        "field": None if terrain.height_field is None else _field(terrain.height_field),
    }


def _boxes(terrain: Terrain) -> list[dict[str, list[float]]]:
    boxes = terrain.boxes
    drawn = []
    for centre, half, quaternion in zip(boxes.centre, boxes.half_size, boxes.quaternion, strict=True):
        if np.array_equal(quaternion, (1, 0, 0, 0)):
            lower, upper = np.maximum(centre - half, -_DRAWN), np.minimum(centre + half, _DRAWN)
            if (upper <= lower).any():
                continue
            centre, half = (lower + upper) / 2, (upper - lower) / 2
        drawn.append(
            {
                "centre": np.round(centre, 4).tolist(),
                "half": np.round(half, 4).tolist(),
                "quaternion": np.round(quaternion, 5).tolist(),
            }
        )
    return drawn


def _field(field: HeightField) -> dict[str, Any]:
    """Heights in mm, int16 little-endian row by row (y), base64."""
    millimetres = np.round(np.asarray(field.heights) * 1e3).astype("<i2")
    return {
        "rows": millimetres.shape[0],
        "columns": millimetres.shape[1],
        "centre": list(field.centre),
        "half": list(field.half_size),
        "heights_mm": base64.b64encode(millimetres.tobytes()).decode("ascii"),
    }
