"""Terrains: tracks along +x whose obstacles stand at random places. One file per terrain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .flat import flat
from .geometry import Boxes, HeightField, Terrain
from .rough import rough
from .slope import slope

TERRAINS: dict[str, Callable[[float, np.random.Generator], Terrain]] = {
    terrain.__name__: terrain for terrain in (flat, rough, slope)
}

__all__ = ["TERRAINS", "Boxes", "HeightField", "Terrain", "make_terrain"]


def make_terrain(name: str, difficulty: float, rng: np.random.Generator) -> Terrain:
    """Terrain ``name`` at ``difficulty`` in [0, 1]; the same generator state gives the same terrain."""
    if name not in TERRAINS:
        raise ValueError(f"terrain is {name!r}, expected one of {sorted(TERRAINS)}")
    if not 0.0 <= difficulty <= 1.0:
        raise ValueError(f"difficulty is {difficulty}, expected a number in [0, 1]")
    return TERRAINS[name](float(difficulty), rng)
