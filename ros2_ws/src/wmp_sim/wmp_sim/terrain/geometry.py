"""The parts of a terrain: boxes, a height field, and a floor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

#: An axis-aligned box: ((x0, x1), (y0, y1), (z0, z1)) in m.
Span = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Boxes:
    """Solid boxes in the world frame.

    Centre ``[N, 3]`` m, half size ``[N, 3]`` m, quaternion ``[N, 4]`` (w, x, y, z).
    """

    centre: np.ndarray
    half_size: np.ndarray
    quaternion: np.ndarray

    def __post_init__(self) -> None:
        count = len(self.centre)
        for key, width in (("centre", 3), ("half_size", 3), ("quaternion", 4)):
            found = np.shape(getattr(self, key))
            if found != (count, width):
                raise ValueError(f"boxes: {key} has shape {found}, expected {(count, width)}")
        if count and self.half_size.min() <= 0:
            raise ValueError(
                f"boxes: smallest half size is {self.half_size.min()}, expected a positive length"
            )

    def __len__(self) -> int:
        return len(self.centre)

    @classmethod
    def spanning(cls, *spans: Span) -> Boxes:
        """Axis-aligned boxes."""
        bounds = np.array(spans, dtype=np.float64).reshape(-1, 3, 2)
        upright = np.tile([1.0, 0.0, 0.0, 0.0], (len(bounds), 1))
        return cls(bounds.mean(axis=2), (bounds[..., 1] - bounds[..., 0]) / 2, upright)


@dataclass(frozen=True)
class HeightField:
    """Heights ``[rows (y), columns (x)]`` in m over a rectangle centred at ``centre`` (x, y)."""

    heights: np.ndarray
    centre: tuple[float, float]
    half_size: tuple[float, float]

    def __post_init__(self) -> None:
        if np.ndim(self.heights) != 2 or min(np.shape(self.heights)) < 2:
            raise ValueError(
                f"height field: heights has shape {np.shape(self.heights)}, expected at least 2 x 2"
            )
        if not np.isfinite(self.heights).all() or min(self.half_size) <= 0:
            raise ValueError("height field: heights and half_size must be finite, half_size positive")


@dataclass(frozen=True)
class Terrain:
    """A track along +x, to be built into a MuJoCo world by ``wmp_sim.world.build_world``.

    Lengths in m. ``floor``: height of the infinite ground plane (far below the track if there is a pit).
    ``start``: point on the ground (x, y, z) where the robot starts, facing +x. ``goal_x``: x beyond the last
    obstacle. ``end_x``: x at which a walk must end before the ground does; infinite if the ground is.
    """

    name: str
    difficulty: float
    boxes: Boxes
    height_field: HeightField | None
    floor: float
    start: tuple[float, float, float]
    goal_x: float
    end_x: float = math.inf


#: A terrain without boxes.
NO_BOXES = Boxes.spanning()
