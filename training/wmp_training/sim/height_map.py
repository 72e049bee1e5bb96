"""Height map of the ground around a robot, computed from the collision geometry.

A privileged observation: a height map of 17 x 11 points (x +-0.8 m, y +-0.5 m, 0.1 m apart, in the robot's
heading frame) and, for bars to crawl under, the lowest ceiling along the line ahead and behind.
"""

from __future__ import annotations

import numba
import numpy as np
import torch
from torch import Tensor

from wmp_sim.depth import SceneStack

#: Points of the map in the robot's heading frame [m]; x changes slowest.
X = np.linspace(-0.8, 0.8, 17)
Y = np.linspace(-0.5, 0.5, 11)
POINTS = np.stack(np.meshgrid(X, Y, indexing="ij"), axis=-1).reshape(-1, 2)
LINE = np.stack([X, np.zeros_like(X)], axis=-1)
#: Size of the observation: the map, then the ceilings along the line.
MAP_SIZE = len(POINTS) + len(LINE)
#: A box whose underside is above this height hangs over the track [m]; all others stand on the ground.
HANGING = 0.1
#: Height of the ceiling where there is none [m].
OPEN_SKY = 100.0

#: Only boxes within this distance of the robot in x can be at one of its points [m].
REACH = float(np.hypot(X[-1], Y[-1])) + 1e-6

_kernel = numba.njit(nogil=True, cache=True)


class HeightMap:
    """Heights of ground and ceilings in a stack of scenes; raises ``ValueError`` if a box is rotated."""

    def __init__(self, stack: SceneStack) -> None:
        count = np.arange(stack.centre.shape[1]) < stack.box_count[:, None]
        if not np.allclose(stack.axes[count], np.eye(3)):
            raise ValueError("height map: a box is rotated, expected axis-aligned boxes")
        low, high = stack.centre - stack.half_size, stack.centre + stack.half_size
        self._scenes = (
            *(stack.floor, stack.box_count, low, high),
            *(stack.field, stack.field_start, stack.field_shape, stack.field_frame),
        )

    def ground(self, world: np.ndarray, place: np.ndarray, points: np.ndarray = POINTS) -> Tensor:
        """Height of the ground [M, K], m, at ``points`` [K, 2] of robots at ``place`` [M, 3] (x, y, yaw)."""
        return self._heights(world, place, points, hanging=False)

    def ceiling(self, world: np.ndarray, place: np.ndarray, points: np.ndarray = LINE) -> Tensor:
        """Height of the lowest ceiling [M, K], m, over ``points``; ``OPEN_SKY`` where there is none."""
        return self._heights(world, place, points, hanging=True)

    def _heights(self, world: np.ndarray, place: np.ndarray, points: np.ndarray, hanging: bool) -> Tensor:
        out = np.empty((len(world), len(points)), np.float32)
        _heights(self._scenes, world, place, points, hanging, out)
        return torch.from_numpy(out)


@_kernel
def _heights(scenes, world, place, points, hanging, out):
    """Lowest ceiling over each point (``hanging``), or highest ground under it."""
    floor, count, low, high, field, start, shape, frame = scenes
    near = np.empty(low.shape[1], np.int64)
    for i in range(len(world)):
        w = world[i]
        found = _near(count[w], low[w], high[w], place[i, 0], hanging, near)
        cosine, sine = np.cos(place[i, 2]), np.sin(place[i, 2])
        for k in range(len(points)):
            x = place[i, 0] + cosine * points[k, 0] - sine * points[k, 1]
            y = place[i, 1] + sine * points[k, 0] + cosine * points[k, 1]
            height = OPEN_SKY if hanging else floor[w]
            if shape[w, 0] > 0 and not hanging:
                height = max(height, _field(field, start[w], shape[w], frame[w], x, y, height))
            for b in near[:found]:
                if _over(low[w, b], high[w, b], x, y):
                    height = min(height, low[w, b, 2]) if hanging else max(height, high[w, b, 2])
            out[i, k] = height


@_kernel
def _near(count, low, high, x, hanging, near):
    """Write indices of standing or hanging boxes within reach of ``x`` to ``near``; returns their number."""
    found = 0
    for b in range(count):
        if (low[b, 2] > HANGING) == hanging and low[b, 0] <= x + REACH and high[b, 0] >= x - REACH:
            near[found] = b
            found += 1
    return found


@_kernel
def _over(low, high, x, y):
    return low[0] <= x <= high[0] and low[1] <= y <= high[1]


@_kernel
def _field(field, start, shape, frame, x, y, outside):
    """Height of the field's surface; cells are split along MuJoCo's diagonal, from first to last corner."""
    column, row = (x - frame[0]) / frame[2], (y - frame[1]) / frame[3]
    i, j = int(np.floor(row)), int(np.floor(column))
    if i < 0 or j < 0 or i >= shape[0] - 1 or j >= shape[1] - 1:
        return outside
    a, b = column - j, row - i
    near, far = field[start + i * shape[1] + j], field[start + (i + 1) * shape[1] + j + 1]
    if a > b:
        corner = field[start + i * shape[1] + j + 1]
        return near + (corner - near) * a + (far - corner) * b
    corner = field[start + (i + 1) * shape[1] + j]
    return near + (corner - near) * b + (far - corner) * a
