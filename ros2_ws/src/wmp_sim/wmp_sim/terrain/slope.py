"""A ramp to a platform and back, up or down."""

from __future__ import annotations

import math

import numpy as np

from .geometry import NO_BOXES, Terrain
from .rough import grid, random_bumps, track_height_field
from .track import STOPPING_ROOM, TRACK_END, first_obstacle, lerp

#: Gradient at difficulty 1, amplitude of the bumps at difficulty 0 and 1 [m], length of the platform [m].
GRADIENT = 0.4
AMPLITUDE = (0.01, 0.05)
PLATFORM = 3.0


def slope(difficulty: float, rng: np.random.Generator) -> Terrain:
    """A ramp of gradient +-0.4 d (random sign), a platform of 3 m, the ramp back; bumps of 1 to 5 cm."""
    gradient = GRADIENT * difficulty * rng.choice([-1.0, 1.0])
    amplitude = lerp(*AMPLITUDE, difficulty)
    begin = first_obstacle(rng)
    ramp = (TRACK_END - begin - PLATFORM) / 2
    x, _ = grid()
    heights = gradient * np.interp(
        x, [begin, begin + ramp, begin + ramp + PLATFORM, TRACK_END], [0.0, ramp, ramp, 0.0]
    )
    heights += np.where(x > begin / 2, random_bumps(amplitude, rng), 0.0)
    return Terrain(
        "slope",
        difficulty,
        NO_BOXES,
        track_height_field(heights),
        floor=float(heights.min()) - 0.01,
        start=(0.0, 0.0, 0.0),
        goal_x=TRACK_END - 1.0,
        # A valley is as deep as the floor around the track, so its far side ends in a drop.
        end_x=TRACK_END - STOPPING_ROOM if gradient < 0 else math.inf,
    )
