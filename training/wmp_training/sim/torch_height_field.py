"""Intersects many rays with height fields in torch: all rays step from grid cell to grid cell together.

Same arithmetic as ``wmp_sim.depth.raycast`` for one ray, also in float64.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from wmp_sim.depth import SceneStack

#: Slower than this is treated as not moving [grid cells per m of depth].
_STILL = 1e-12


@dataclass
class _Rays:
    """R rays in grid coordinates of their fields: points at integers, x along columns and y along rows.

    ``pixel`` is the index of the result, ``start`` the index of the field's first point, ``rows`` and
    ``columns`` its size. ``begin`` and ``end`` bound the part of the ray inside the field's bounding box.
    ``column`` and ``row`` are the current cell, ``next_column`` and ``next_row`` the depths at which the ray
    leaves it in either direction.
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

    def intersect(self, scene: Tensor, position: Tensor, rays: Tensor, reach: Tensor) -> Tensor:
        """Depth [M, H, W] at which rays hit the surface or its side before ``reach``, else infinite.

        ``scene`` is [M], ``reach`` [M, H, W]; ``position`` [M, 3], m, and ``rays`` [M, H, W, 3] are in the
        world frame.
        """
        depth = torch.full_like(reach, torch.inf).flatten()
        active = self._enter(scene, position, rays, reach)
        enter, first = active.begin, True
        while len(enter):
            leave = torch.minimum(torch.minimum(active.next_column, active.next_row), active.end)
            hit, result = self._test_cell(active, enter, leave, first)
            depth[active.pixel[hit]] = result[hit]
            self._advance(active)
            inside = (active.column >= 0) & (active.column < active.columns - 1)
            inside &= (active.row >= 0) & (active.row < active.rows - 1)
            going = torch.nonzero(~hit & inside & (leave < active.end)).squeeze(-1)
            active, enter, first = active[going], leave[going], False
        return depth.view_as(reach)

    def _enter(self, scene: Tensor, position: Tensor, rays: Tensor, reach: Tensor) -> _Rays:
        """The rays that pass through the bounding box of their field, in the cell where they enter it."""
        frame, shape = self._frame[scene], self._shape[scene]
        pixels = rays.shape[1] * rays.shape[2]

        def each(value: Tensor) -> Tensor:
            """Repeat a value of every camera for each of its rays."""
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

    def _test_cell(self, rays: _Rays, enter: Tensor, leave: Tensor, first: bool) -> tuple[Tensor, Tensor]:
        """Whether each ray hits the surface between ``enter`` and ``leave``, and at what depth."""
        corner = rays.start + rays.row * rays.columns + rays.column
        lowest = torch.minimum(rays.z + enter * rays.ray_z, rays.z + leave * rays.ray_z)
        low = lowest <= self._top[corner]
        depth = self._intersect_cell(rays, corner, enter, leave)
        hit = low & (depth <= leave)
        if first:
            # A ray that starts below the surface entered through the side, or the camera is below the ground.
            below = low & (self._clearance(rays, corner, enter) < 0.0)
            hit, depth = hit | below, torch.where(below, torch.where(enter > 0.0, enter, torch.inf), depth)
        return hit, depth

    def _intersect_cell(self, rays: _Rays, corner: Tensor, enter: Tensor, leave: Tensor) -> Tensor:
        """Depth at which rays pass down through one of the two triangles of their cell, else infinite.

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
        """Height of rays above the surface at ``t``; cells are split along MuJoCo's diagonal."""
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
    """The part of [begin, end] in which ``start + t * speed`` lies in [low, high]."""
    still, inside = speed.abs() < _STILL, (low <= start) & (start <= high)
    a, b = (low - start) / speed, (high - start) / speed
    first = torch.where(still, torch.where(inside, begin, 1.0), torch.maximum(begin, torch.minimum(a, b)))
    last = torch.where(still, torch.where(inside, end, 0.0), torch.minimum(end, torch.maximum(a, b)))
    return first, last


def _next(cell: Tensor, start: Tensor, speed: Tensor) -> Tensor:
    """Depth at which rays leave their ``cell`` along one axis of the grid."""
    return torch.where(speed.abs() > _STILL, (cell + (speed > 0).long() - start) / speed, torch.inf)


def _sign(speed: Tensor) -> Tensor:
    """1 for rays in the positive direction of the grid, -1 for the others."""
    return (speed > 0).long() * 2 - 1
