"""Terrains: tracks along +x with obstacles at random positions. One file per terrain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wmp_core.choices import unknown

from .bumps import BUMPY, with_bumps
from .climb import climb
from .course import course
from .crawl import crawl
from .flat import flat
from .gap import gap
from .geometry import Boxes, HeightField, Terrain
from .rough import rough
from .slope import slope
from .stairs import stairs_down, stairs_up
from .tilt import EASIEST as EASIEST_SLOT
from .tilt import tilt

TERRAINS: dict[str, Callable[[float, np.random.Generator], Terrain]] = {
    terrain.__name__: terrain
    for terrain in (flat, rough, slope, stairs_up, stairs_down, gap, climb, crawl, tilt, course)
}

#: Most boxes of any terrain; as ``max_boxes`` it gives the worlds of any pool the same layout.
MAX_BOXES = 16

#: Terrains whose difficulty may be below 0: at 0 a slot is 0.32 m wide, narrower than the stance of a
#: standing robot, which is too hard for the start of a curriculum. At -8 it is 0.56 m wide.
EASIEST = {"tilt": EASIEST_SLOT}

#: Highest difficulty that the tracks are defined for; 1 is the hardest for simulation and training, and an
#: evaluation goes beyond to find where a policy fails.
HARDEST = 1.2


@dataclass(frozen=True)
class TerrainOptions:
    """What may be added to terrains, by default nothing.

    Attributes:
        roughness: largest height of the bumps on the ground of gaps and boxes at difficulty 1 [m]; it is
            proportional to the difficulty.
        slot_offset: range (+-) of the middle of a slot beside the track's middle [m]; not on ``course``.
    """

    roughness: float = 0.0
    slot_offset: float = 0.0


__all__ = [
    "EASIEST",
    "HARDEST",
    "MAX_BOXES",
    "TERRAINS",
    "Boxes",
    "HeightField",
    "Terrain",
    "TerrainOptions",
    "make_terrain",
    "seeded_terrain",
]


def make_terrain(
    name: str,
    difficulty: float,
    rng: np.random.Generator,
    options: TerrainOptions = TerrainOptions(),
    hardest: float = 1.0,
) -> Terrain:
    """Terrain ``name`` at ``difficulty`` from 0 (or ``EASIEST``) to ``hardest``, at most ``HARDEST``.

    The same generator state gives the same terrain.

    Raises:
        ValueError: the terrain is unknown (the message suggests the nearest name), or ``difficulty`` is out
            of range.
    """
    if name not in TERRAINS:
        raise unknown("terrain", name, TERRAINS)
    easiest = EASIEST.get(name, 0.0)
    hardest = min(hardest, HARDEST)
    if not easiest <= difficulty <= hardest:
        raise ValueError(
            f"difficulty of {name} is {difficulty}, expected a number in [{easiest:g}, {hardest:g}]"
        )
    if name == "tilt":
        return tilt(float(difficulty), rng, options.slot_offset)
    terrain = TERRAINS[name](float(difficulty), rng)
    amplitude = options.roughness * difficulty
    return with_bumps(terrain, amplitude, rng) if name in BUMPY and amplitude > 0.0 else terrain


def seeded_terrain(name: str, difficulty: float, seed: int, hardest: float = 1.0) -> Terrain:
    """The terrain of ``seed``; simulator, evaluation and replay share it, so their figures are comparable."""
    return make_terrain(name, difficulty, np.random.default_rng(seed), hardest=hardest)
