"""Terrains: tracks along +x whose obstacles stand at random places. One file per terrain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .climb import climb
from .course import course
from .crawl import crawl
from .flat import flat
from .gap import gap
from .geometry import Boxes, HeightField, Terrain
from .rough import rough
from .slope import slope
from .stairs import stairs_down, stairs_up
from .tilt import tilt

TERRAINS: dict[str, Callable[[float, np.random.Generator], Terrain]] = {
    terrain.__name__: terrain
    for terrain in (flat, rough, slope, stairs_up, stairs_down, gap, climb, crawl, tilt, course)
}

#: No terrain has more boxes: the ``max_boxes`` with which the worlds of any pool share a layout.
MAX_BOXES = 16

#: Where difficulty may begin below 0: a slot of 0.32 m is as wide as the robot, hardly a first lesson.
EASIEST = {"tilt": -8.0}

__all__ = [
    "EASIEST",
    "MAX_BOXES",
    "TERRAINS",
    "Boxes",
    "HeightField",
    "Terrain",
    "make_terrain",
    "seeded_terrain",
]


def make_terrain(name: str, difficulty: float, rng: np.random.Generator) -> Terrain:
    """Terrain ``name`` at ``difficulty`` in [0, 1] (or from ``EASIEST`` on); the same generator state gives
    the same terrain."""
    if name not in TERRAINS:
        raise ValueError(f"terrain is {name!r}, expected one of {sorted(TERRAINS)}")
    easiest = EASIEST.get(name, 0.0)
    if not easiest <= difficulty <= 1.0:
        raise ValueError(f"difficulty of {name} is {difficulty}, expected a number in [{easiest:g}, 1]")
    return TERRAINS[name](float(difficulty), rng)


def seeded_terrain(name: str, difficulty: float, seed: int) -> Terrain:
    """The terrain that ``seed`` stands for, wherever a robot walks: so that figures can be compared."""
    return make_terrain(name, difficulty, np.random.default_rng(seed))
