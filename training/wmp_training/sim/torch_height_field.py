"""Where many rays meet height fields, in torch: all rays walk from grid cell to grid cell together.

The arithmetic is that of ``wmp_sim.depth.raycast`` for one ray, in float64 as there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from wmp_sim.depth import SceneStack

#: Speeds below this are none (grid cells per m of depth).
_STILL = 1e-12


@dataclass
class _Rays:
    """R rays in grid coordinates of their fields: points at integers, x along columns and y along rows.

    ``pixel`` is where the result goes, ``start`` the field's first point, ``rows`` and ``columns`` its size;
    ``begin`` and ``end`` the part of the ray that can meet it. ``column`` and ``row`` are the cell the ray
    is in, ``next_column`` and ``next_row`` the depths at which it leaves it that way.
    """

    pixel: Tensor
    start: Tensor
    rows: Tensor
    columns: Tensor
    x: Tensor
    y: Tensor
    z: Tensor
    ray_x: Tensor
    ray_y: Tensor
    ray_z: Tensor
    begin: Tensor
    end: Tensor
    column: Tensor
    row: Tensor
    next_column: Tensor
    next_row: Tensor

    def __getitem__(self, chosen: Tensor) -> _Rays:
        return _Rays(*(getattr(self, field.name)[chosen] for field in fields(self)))


class HeightFields:
    """The height fields of a stack of scenes on ``device``; ``present`` [P] says which scenes have one."""

    def __init__(self, stack: SceneStack, device: torch.device) -> None:
        self._field, self._top, self._start, self._shape, self._frame, self._range = (
            torch.from_numpy(array).to(device)
            for array in (
                *(stack.field, stack.field_top, stack.field_start),
                *(stack.field_shape, stack.field_frame, stack.field_range),
            )
        )
        self.present = self._shape[:, 0] > 0

    def meet(self, scene: Tensor, position: Tensor, rays: Tensor, reach: Tensor) -> Tensor:
        """Depth [M, H, W] at which rays meet the surface (or its side) before ``reach`` [M, H, W], else
        infinite; ``scene`` [M], ``position`` [M, 3] m, ``rays`` [M, H, W, 3] in the world frame."""
        depth = torch.full_like(reach, torch.inf).flatten()
        walking = self._enter(scene, position, rays, reach)
        enter, first = walking.begin, True
        while len(enter):
            leave = torch.minimum(torch.minimum(walking.next_column, walking.next_row), walking.end)
            met, result = self._look(walking, enter, leave, first)
            depth[walking.pixel[met]] = result[met]
            self._advance(walking)
            inside = (walking.column >= 0) & (walking.column < walking.columns - 1)
            inside &= (walking.row >= 0) & (walking.row < walking.rows - 1)
            on = torch.nonzero(~met & inside & (leave < walking.end)).squeeze(-1)
            walking, enter, first = walking[on], leave[on], False
        return depth.view_as(reach)

    def _enter(self, scene: Tensor, position: Tensor, rays: Tensor, reach: Tensor) -> _Rays:
        """The rays that pass through the box around their field, in the cell where they enter it."""
        frame, shape = self._frame[scene], self._shape[scene]
        pixels = rays.shape[1] * rays.shape[2]

        def each(value: Tensor) -> Tensor:
            """A number of every camera, for each of its rays."""
            return value.repeat_interleave(pixels)

        x, y = (each((position[:, i] - frame[:, i]) / frame[:, 2 + i]) for i in range(2))
        ray_x, ray_y = ((rays[..., i] / frame[:, 2 + i, None, None]).flatten() for i in range(2))
        z, ray_z = each(position[:, 2]), rays[..., 2].flatten()
        rows, columns = each(shape[:, 0]), each(shape[:, 1])
        lowest, highest = self._range[scene].unbind(-1)
        zero = torch.zeros_like(x)
        span = _clip(x, ray_x, zero, columns - 1.0, zero, reach.flatten())
        span = _clip(y, ray_y, zero, rows - 1.0, *span)
        begin, end = _clip(z, ray_z, each(lowest - 1e-3), each(highest), *span)
        column = torch.minimum((x + begin * ray_x).long().clamp(min=0), columns - 2)
        row = torch.minimum((y + begin * ray_y).long().clamp(min=0), rows - 2)
        entering = _Rays(
            *(torch.arange(len(x), device=x.device), each(self._start[scene]), rows, columns),
            *(x, y, z, ray_x, ray_y, ray_z, begin, end, column, row),
            *(_next(column, x, ray_x), _next(row, y, ray_y)),
        )
        return entering[torch.nonzero(begin < end).squeeze(-1)]

    @staticmethod
    def _advance(rays: _Rays) -> None:
        """Move every ray into the next cell."""
        aside = rays.next_column < rays.next_row
        rays.column += torch.where(aside, _sign(rays.ray_x), 0)
        rays.row += torch.where(aside, 0, _sign(rays.ray_y))
        rays.next_column += torch.where(aside, 1.0 / rays.ray_x.abs(), 0.0)
        rays.next_row += torch.where(aside, 0.0, 1.0 / rays.ray_y.abs())

    def _look(self, rays: _Rays, enter: Tensor, leave: Tensor, first: bool) -> tuple[Tensor, Tensor]:
        """Whether each ray ends in its cell between ``enter`` and ``leave``, and at what depth."""
        corner = rays.start + rays.row * rays.columns + rays.column
        lowest = torch.minimum(rays.z + enter * rays.ray_z, rays.z + leave * rays.ray_z)
        low = lowest <= self._top[corner]
        depth = self._meet_cell(rays, corner, enter, leave)
        met = low & (depth <= leave)
        if first:
            # Entered below the surface: through the side wall, or the camera is buried.
            below = low & (self._clearance(rays, corner, enter) < 0.0)
            met, depth = met | below, torch.where(below, torch.where(enter > 0.0, enter, torch.inf), depth)
        return met, depth

    def _meet_cell(self, rays: _Rays, corner: Tensor, enter: Tensor, leave: Tensor) -> Tensor:
        """Where rays come down through one of the two triangles of their cell, infinite if they do not.

        The clearance above the surface is linear on either side of the cell's diagonal.
        """
        across = rays.ray_x - rays.ray_y
        diagonal = ((rays.column - rays.row) - (rays.x - rays.y)) / across
        crosses = (across.abs() > _STILL) & (enter < diagonal) & (diagonal < leave)
        crossing = torch.where(crosses, diagonal, leave)
        at_enter, at_crossing, at_leave = (self._clearance(rays, corner, t) for t in (enter, crossing, leave))
        before = enter + (crossing - enter) * (at_enter / (at_enter - at_crossing))
        before = torch.where(at_enter > 0.0, before, enter)
        after = crossing + (leave - crossing) * (at_crossing / (at_crossing - at_leave))
        return torch.where(at_crossing <= 0.0, before, torch.where(at_leave <= 0.0, after, torch.inf))

    def _clearance(self, rays: _Rays, corner: Tensor, t: Tensor) -> Tensor:
        """Height of rays above the surface at ``t``; the diagonal is MuJoCo's, first to last corner."""
        a, b = rays.x + t * rays.ray_x - rays.column, rays.y + t * rays.ray_y - rays.row
        near, far = self._field[corner], self._field[corner + rays.columns + 1]
        right, below = self._field[corner + 1], self._field[corner + rays.columns]
        upper = near + (right - near) * a + (far - right) * b
        lower = near + (below - near) * b + (far - below) * a
        surface = torch.where(a > b, upper, lower)
        return rays.z + t * rays.ray_z - surface


def _clip(
    start: Tensor, speed: Tensor, low: Tensor, high: Tensor, begin: Tensor, end: Tensor
) -> tuple[Tensor, Tensor]:
    """The part of [begin, end] in which start + t speed lies in [low, high]."""
    still, inside = speed.abs() < _STILL, (low <= start) & (start <= high)
    a, b = (low - start) / speed, (high - start) / speed
    first = torch.where(still, torch.where(inside, begin, 1.0), torch.maximum(begin, torch.minimum(a, b)))
    last = torch.where(still, torch.where(inside, end, 0.0), torch.minimum(end, torch.maximum(a, b)))
    return first, last


def _next(cell: Tensor, start: Tensor, speed: Tensor) -> Tensor:
    """Depth at which rays leave their ``cell`` along one direction of the grid."""
    return torch.where(speed.abs() > _STILL, (cell + (speed > 0).long() - start) / speed, torch.inf)


def _sign(speed: Tensor) -> Tensor:
    """1 where a ray goes up the grid, -1 where not."""
    return (speed > 0).long() * 2 - 1
