"""Planar depth images by exact ray casting: one kernel for training batches and for the simulated D435i.

Rays have a forward component of one, so the ray parameter at a hit is the planar depth. Everything that a
pixel loop needs is float32 and free of branches, so that it runs in SIMD registers; differences to the
camera's position are formed in float64 before.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from wmp_core.depth.geometry import CameraIntrinsics

from .camera import pixel_slopes
from .scene import SceneStack

#: Nearest corner distance [m] at which a box is still projected to bound its pixels.
_PROJECTABLE = 0.02
_TINY = np.float32(1e-9)
# Everything but nnan and ninf: misses are kept as infinities.
_FAST = {"contract", "reassoc", "arcp", "nsz", "afn"}
_kernel = numba.njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")


def render(
    stack: SceneStack,
    scene_index: np.ndarray,
    position: np.ndarray,
    axes: np.ndarray,
    pinhole: CameraIntrinsics,
    far: float,
    out: np.ndarray | None = None,
    threads: int = 1,
) -> np.ndarray:
    """Planar depth of ``N`` cameras, each in its own scene.

    Releases the interpreter lock; several Python threads may render at once.

    Args:
        stack: the scenes.
        scene_index: ``[N]``, the scene of each camera.
        position: ``[N, 3]`` m in the world frame.
        axes: ``[N, 3, 3]``, rows right, down, forward in the world frame (see ``camera_poses``).
        pinhole: the pixels.
        far: largest depth [m].
        out: ``[N, height, width]`` float32 to write into.
        threads: images are shared out to this many threads.

    Returns:
        ``[N, height, width]`` float32 m along the optical axis; 0 where nothing is hit up to ``far``.

    Raises:
        ValueError: arrays of unexpected shapes, or a scene index outside the stack.
    """
    scene_index = np.ascontiguousarray(scene_index, dtype=np.int64)
    count = len(scene_index)
    position = _checked("position", position, (count, 3))
    axes = _checked("axes", axes, (count, 3, 3))
    if count and not 0 <= scene_index.min() <= scene_index.max() < len(stack.floor):
        raise ValueError(
            f"scene_index: found {scene_index.min()}..{scene_index.max()}, have {len(stack.floor)} scenes"
        )
    shape = (count, pinhole.height, pinhole.width)
    out = np.empty(shape, np.float32) if out is None else out
    if out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise ValueError(f"out: found {out.dtype} {out.shape}, expected contiguous float32 {shape}")

    right, down = pixel_slopes(pinhole)
    scenes = tuple(vars(stack).values())

    def render_share(share: slice) -> None:
        _render(
            scenes, scene_index[share], position[share], axes[share], right, down, np.float32(far), out[share]
        )

    if threads == 1:
        render_share(slice(None))
    else:
        ends = np.linspace(0, count, threads + 1).astype(int)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(render_share, map(slice, ends[:-1], ends[1:])))
    return out


def _checked(name: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    array = np.ascontiguousarray(array, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name}: shape {array.shape}, expected {shape}")
    return array


@_kernel
def _render(scenes, scene_index, position, axes, right, down, far, out):
    floor, box_count, centre, half_size, box_axes, field, field_top, start, shape, frame, field_range = scenes
    for i in range(len(scene_index)):
        s = scene_index[i]
        image = out[i]
        _draw_floor(floor[s], position[i], axes[i], right, down, image)
        if shape[s, 0] > 0:
            first = start[s]
            last = first + shape[s, 0] * shape[s, 1]
            _draw_height_field(
                field[first:last].reshape((shape[s, 0], shape[s, 1])),
                field_top[first:last].reshape((shape[s, 0], shape[s, 1])),
                frame[s],
                field_range[s],
                position[i],
                axes[i],
                right,
                down,
                far,
                image,
            )
        for b in range(box_count[s]):
            _draw_box(
                centre[s, b], half_size[s, b], box_axes[s, b], position[i], axes[i], right, down, far, image
            )
        _cut_far(far, image)


@_kernel
def _draw_floor(floor, position, axes, right, down, image):
    height = np.float32(position[2] - floor)
    right_z, down_z, forward_z = np.float32(axes[0, 2]), np.float32(axes[1, 2]), np.float32(axes[2, 2])
    for row in range(image.shape[0]):
        row_z = forward_z + down[row] * down_z
        for column in range(image.shape[1]):
            fall = -(row_z + right[column] * right_z)
            depth = height / fall
            image[row, column] = depth if (fall > _TINY) & (depth > np.float32(0.0)) else np.float32(np.inf)


@_kernel
def _draw_box(centre, half_size, box_axes, position, axes, right, down, far, image):
    rows, columns = image.shape
    row_begin, row_end, column_begin, column_end = _pixel_bounds(
        centre, half_size, box_axes, position, axes, right, down, far, rows, columns
    )
    if row_begin >= row_end or column_begin >= column_end:
        return
    # The camera in the box frame: the box is the product of three slabs |x_k| <= half_size_k.
    offset = position - centre
    origin = np.empty(3, np.float32)
    size = np.empty(3, np.float32)
    direction = np.empty((3, 3), np.float32)  # [slab, (right, down, forward)]
    for k in range(3):
        axis = box_axes[k]
        origin[k] = np.float32(axis[0] * offset[0] + axis[1] * offset[1] + axis[2] * offset[2])
        size[k] = np.float32(half_size[k])
        for j in range(3):
            direction[k, j] = np.float32(axis[0] * axes[j, 0] + axis[1] * axes[j, 1] + axis[2] * axes[j, 2])
    low0, low1, low2 = -size[0] - origin[0], -size[1] - origin[1], -size[2] - origin[2]
    high0, high1, high2 = size[0] - origin[0], size[1] - origin[1], size[2] - origin[2]
    right0, right1, right2 = direction[0, 0], direction[1, 0], direction[2, 0]
    for row in range(row_begin, row_end):
        row0 = direction[0, 2] + down[row] * direction[0, 1]
        row1 = direction[1, 2] + down[row] * direction[1, 1]
        row2 = direction[2, 2] + down[row] * direction[2, 1]
        for column in range(column_begin, column_end):
            inverse0 = _inverse(row0 + right[column] * right0)
            inverse1 = _inverse(row1 + right[column] * right1)
            inverse2 = _inverse(row2 + right[column] * right2)
            a0, b0 = low0 * inverse0, high0 * inverse0
            a1, b1 = low1 * inverse1, high1 * inverse1
            a2, b2 = low2 * inverse2, high2 * inverse2
            enter = _larger(_larger(_smaller(a0, b0), _smaller(a1, b1)), _smaller(a2, b2))
            leave = _smaller(_smaller(_larger(a0, b0), _larger(a1, b1)), _larger(a2, b2))
            depth = enter if enter > np.float32(0.0) else leave
            hit = (enter <= leave) & (leave > np.float32(0.0)) & (depth < image[row, column])
            image[row, column] = depth if hit else image[row, column]


@_kernel
def _inverse(value):
    return np.float32(1.0) / (value if abs(value) > _TINY else _TINY)


@_kernel
def _smaller(a, b):
    return a if a < b else b


@_kernel
def _larger(a, b):
    return a if a > b else b


@_kernel
def _pixel_bounds(centre, half_size, box_axes, position, axes, right, down, far, rows, columns):
    """Half-open ranges of rows and columns that a box can cover; empty when it is out of sight."""
    nearest, farthest = np.inf, -np.inf
    left, rightmost, top, bottom = np.inf, -np.inf, np.inf, -np.inf
    for corner in range(8):
        x, y, z = centre[0] - position[0], centre[1] - position[1], centre[2] - position[2]
        for k in range(3):
            reach = half_size[k] if corner >> k & 1 else -half_size[k]
            x += reach * box_axes[k, 0]
            y += reach * box_axes[k, 1]
            z += reach * box_axes[k, 2]
        depth = x * axes[2, 0] + y * axes[2, 1] + z * axes[2, 2]
        nearest, farthest = min(nearest, depth), max(farthest, depth)
        scale = 1.0 / max(depth, _PROJECTABLE)
        across = (x * axes[0, 0] + y * axes[0, 1] + z * axes[0, 2]) * scale
        downwards = (x * axes[1, 0] + y * axes[1, 1] + z * axes[1, 2]) * scale
        left, rightmost = min(left, across), max(rightmost, across)
        top, bottom = min(top, downwards), max(bottom, downwards)
    if nearest > far or farthest <= 0.0:
        return 0, 0, 0, 0
    if nearest < _PROJECTABLE:
        return 0, rows, 0, columns
    # One pixel of margin absorbs rounding.
    column_begin = int(max((left - right[0]) / (right[1] - right[0]) - 1.0, 0.0))
    column_end = int(min((rightmost - right[0]) / (right[1] - right[0]) + 2.0, columns))
    row_begin = int(max((top - down[0]) / (down[1] - down[0]) - 1.0, 0.0))
    row_end = int(min((bottom - down[0]) / (down[1] - down[0]) + 2.0, rows))
    return row_begin, row_end, column_begin, column_end


@_kernel
def _draw_height_field(field, top, frame, field_range, position, axes, right, down, far, image):
    # Grid coordinates: points at integers, x along columns and y along rows.
    x, y = (position[0] - frame[0]) / frame[2], (position[1] - frame[1]) / frame[3]
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            ray_x = (axes[2, 0] + right[column] * axes[0, 0] + down[row] * axes[1, 0]) / frame[2]
            ray_y = (axes[2, 1] + right[column] * axes[0, 1] + down[row] * axes[1, 1]) / frame[3]
            ray_z = axes[2, 2] + right[column] * axes[0, 2] + down[row] * axes[1, 2]
            reach = min(float(image[row, column]), float(far))
            depth = _meet_height_field(
                field, top, field_range[0], field_range[1], x, y, position[2], ray_x, ray_y, ray_z, reach
            )
            if depth < reach:
                image[row, column] = np.float32(depth)


@_kernel
def _meet_height_field(field, top, lowest, highest, x, y, z, ray_x, ray_y, ray_z, reach):
    """Depth at which a ray in grid coordinates meets the surface (or its side); infinite if it does not."""
    begin, end = _clip(x, ray_x, 0.0, field.shape[1] - 1.0, 0.0, reach)
    begin, end = _clip(y, ray_y, 0.0, field.shape[0] - 1.0, begin, end)
    begin, end = _clip(z, ray_z, lowest - 1e-3, highest, begin, end)
    if begin >= end:
        return np.inf
    column = min(max(int(x + begin * ray_x), 0), field.shape[1] - 2)
    row = min(max(int(y + begin * ray_y), 0), field.shape[0] - 2)
    column_step, row_step = (1 if ray_x > 0 else -1), (1 if ray_y > 0 else -1)
    column_time = 1.0 / abs(ray_x) if abs(ray_x) > 1e-12 else np.inf
    row_time = 1.0 / abs(ray_y) if abs(ray_y) > 1e-12 else np.inf
    next_column = (column + (1 if ray_x > 0 else 0) - x) / ray_x if abs(ray_x) > 1e-12 else np.inf
    next_row = (row + (1 if ray_y > 0 else 0) - y) / ray_y if abs(ray_y) > 1e-12 else np.inf
    enter, first = begin, True
    while enter < end and 0 <= column < field.shape[1] - 1 and 0 <= row < field.shape[0] - 1:
        leave = min(min(next_column, next_row), end)
        if min(z + enter * ray_z, z + leave * ray_z) <= top[row, column]:
            if first and _clearance(field, column, row, x, y, z, ray_x, ray_y, ray_z, enter) < 0.0:
                # Entered below the surface: through the side wall, or the camera is buried.
                return enter if enter > 0.0 else np.inf
            depth = _meet_cell(field, column, row, x, y, z, ray_x, ray_y, ray_z, enter, leave)
            if depth <= leave:
                return depth
        first = False
        if next_column < next_row:
            column += column_step
            next_column += column_time
        else:
            row += row_step
            next_row += row_time
        enter = leave
    return np.inf


@_kernel
def _clip(start, speed, low, high, begin, end):
    """The part of [begin, end] in which start + t speed lies in [low, high]."""
    if abs(speed) < 1e-12:
        return (begin, end) if low <= start <= high else (1.0, 0.0)
    a, b = (low - start) / speed, (high - start) / speed
    return max(begin, min(a, b)), min(end, max(a, b))


@_kernel
def _meet_cell(field, column, row, x, y, z, ray_x, ray_y, ray_z, enter, leave):
    """Where the ray comes down through one of the two triangles of a cell, infinite if it does not.

    The clearance above the surface is linear on either side of the cell's diagonal.
    """
    crossing = leave
    across = ray_x - ray_y
    if abs(across) > 1e-12:
        diagonal = ((column - row) - (x - y)) / across
        if enter < diagonal < leave:
            crossing = diagonal
    at_enter = _clearance(field, column, row, x, y, z, ray_x, ray_y, ray_z, enter)
    at_crossing = _clearance(field, column, row, x, y, z, ray_x, ray_y, ray_z, crossing)
    if at_crossing <= 0.0:
        return enter + (crossing - enter) * (at_enter / (at_enter - at_crossing)) if at_enter > 0.0 else enter
    at_leave = _clearance(field, column, row, x, y, z, ray_x, ray_y, ray_z, leave)
    if at_leave <= 0.0:
        return crossing + (leave - crossing) * (at_crossing / (at_crossing - at_leave))
    return np.inf


@_kernel
def _clearance(field, column, row, x, y, z, ray_x, ray_y, ray_z, t):
    """Height of the ray above the cell's surface at ``t``; the diagonal is MuJoCo's, first to last corner."""
    a, b = x + t * ray_x - column, y + t * ray_y - row
    near, far = field[row, column], field[row + 1, column + 1]
    if a > b:
        corner = field[row, column + 1]
        surface = near + (corner - near) * a + (far - corner) * b
    else:
        corner = field[row + 1, column]
        surface = near + (corner - near) * b + (far - corner) * a
    return z + t * ray_z - surface


@_kernel
def _cut_far(far, image):
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            image[row, column] = image[row, column] if image[row, column] <= far else np.float32(0.0)
