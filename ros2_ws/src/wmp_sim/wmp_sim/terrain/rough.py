"""Uneven ground: a height field of random bumps."""

from __future__ import annotations

import numpy as np

from .geometry import NO_BOXES, HeightField, Terrain
from .track import TRACK_END, TRACK_HALF_WIDTH, TRACK_REAR, lerp

#: Side of a height-field cell [m]: small enough for a foot to step on, large enough for fast contacts.
CELL = 0.1
#: Amplitude of the bumps at difficulty 0 and 1 [m].
AMPLITUDE = (0.01, 0.05)
#: Radius of the level ground around the start [m].
LEVEL_START = 0.4


def rough(difficulty: float, rng: np.random.Generator) -> Terrain:
    """Bumps of independent height in +-amplitude, which grows from 1 to 5 cm; level around the start."""
    amplitude = lerp(*AMPLITUDE, difficulty)
    x, y = grid()
    bumps = random_bumps(amplitude, rng)
    field = track_height_field(np.where(np.hypot(x, y) < LEVEL_START, 0.0, bumps))
    return Terrain(
        "rough", difficulty, NO_BOXES, field, floor=-amplitude - 0.01, start=(0.0, 0.0, 0.0), goal_x=TRACK_END
    )


def grid() -> tuple[np.ndarray, np.ndarray]:
    """World x and y of the points of a track-sized height field, each ``[rows, columns]``."""
    columns = round((TRACK_END - TRACK_REAR) / CELL) + 1
    rows = round(2 * TRACK_HALF_WIDTH / CELL) + 1
    x, y = np.meshgrid(
        np.linspace(TRACK_REAR, TRACK_END, columns), np.linspace(-TRACK_HALF_WIDTH, TRACK_HALF_WIDTH, rows)
    )
    return x, y


def random_bumps(amplitude: float, rng: np.random.Generator) -> np.ndarray:
    """Independent heights in +-amplitude for every point of ``grid``."""
    return rng.uniform(-amplitude, amplitude, size=grid()[0].shape)


def track_height_field(heights: np.ndarray) -> HeightField:
    """The height field that covers the whole track, heights on the points of ``grid``."""
    return HeightField(
        heights,
        centre=((TRACK_REAR + TRACK_END) / 2, 0.0),
        half_size=((TRACK_END - TRACK_REAR) / 2, TRACK_HALF_WIDTH),
    )
