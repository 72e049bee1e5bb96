"""Level ground."""

from __future__ import annotations

import numpy as np

from .geometry import NO_BOXES, Terrain
from .track import TRACK_END


def flat(difficulty: float, rng: np.random.Generator) -> Terrain:
    """The floor at z = 0, at every difficulty."""
    return Terrain("flat", difficulty, NO_BOXES, None, floor=0.0, start=(0.0, 0.0, 0.0), goal_x=TRACK_END)
