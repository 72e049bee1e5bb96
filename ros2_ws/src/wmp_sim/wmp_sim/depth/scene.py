"""The geometry that the depth camera sees, as plain arrays.

A scene is read from the compiled ``MjModel``, so the camera sees exactly the geometry that the feet touch.
The robot is not part of it: as in training, its legs do not appear in the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from ..a1 import TERRAIN_GROUP
from .camera import rotation_matrices

#: Columns of ``SceneStack.field_frame``: x and y of the first point, then the cell sides [m].
FIELD_FRAME_SIZE = 4


@dataclass(frozen=True)
class DepthScene:
    """One world: floor height, boxes, and possibly a height field.

    ``axes`` ``[B, 3, 3]`` holds the box axes in the world frame, one per row. ``field`` ``[rows, columns]``
    are heights in the world frame (empty without a height field), ``field_frame`` x and y of its first
    point and its cell sides.
    """

    floor: float
    centre: np.ndarray
    half_size: np.ndarray
    axes: np.ndarray
    field: np.ndarray
    field_frame: np.ndarray

    @classmethod
    def from_model(cls, model: mujoco.MjModel) -> DepthScene:
        """The terrain of ``model``: its plane, its boxes, and its height field if it has one."""
        terrain = np.flatnonzero((model.geom_group == TERRAIN_GROUP) & (model.geom_bodyid == 0))
        kind = model.geom_type[terrain]
        boxes = terrain[kind == mujoco.mjtGeom.mjGEOM_BOX]
        (floor,) = terrain[kind == mujoco.mjtGeom.mjGEOM_PLANE]
        field, field_frame = _height_field(model, terrain[kind == mujoco.mjtGeom.mjGEOM_HFIELD])
        return cls(
            floor=float(model.geom_pos[floor, 2]),
            centre=model.geom_pos[boxes].copy(),
            half_size=model.geom_size[boxes].copy(),
            axes=rotation_matrices(model.geom_quat[boxes]).swapaxes(-1, -2).copy(),
            field=field,
            field_frame=field_frame,
        )


def _height_field(model: mujoco.MjModel, geoms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(geoms) == 0:
        return np.zeros((0, 0), np.float32), np.zeros(FIELD_FRAME_SIZE)
    (geom,) = geoms
    asset = model.geom_dataid[geom]
    rows, columns = model.hfield_nrow[asset], model.hfield_ncol[asset]
    start = model.hfield_adr[asset]
    half_x, half_y, elevation, _ = model.hfield_size[asset]
    unit_heights = model.hfield_data[start : start + rows * columns].reshape(rows, columns)
    x, y, z = model.geom_pos[geom]
    frame = np.array([x - half_x, y - half_y, 2 * half_x / (columns - 1), 2 * half_y / (rows - 1)])
    return (unit_heights * elevation + z).astype(np.float32), frame


@dataclass(frozen=True)
class SceneStack:
    """Scenes of a pool in arrays that one kernel call can read, ``P`` scenes with up to ``B`` boxes.

    Height fields lie one after the other in ``field`` (row major); ``field_top`` holds at the place of a
    cell's first point the highest of its corners.
    """

    floor: np.ndarray  # [P]
    box_count: np.ndarray  # [P]
    centre: np.ndarray  # [P, B, 3]
    half_size: np.ndarray  # [P, B, 3]
    axes: np.ndarray  # [P, B, 3, 3]
    field: np.ndarray  # [total points]
    field_top: np.ndarray  # [total points]
    field_start: np.ndarray  # [P]
    field_shape: np.ndarray  # [P, 2] rows, columns
    field_frame: np.ndarray  # [P, 4]
    field_range: np.ndarray  # [P, 2] lowest and highest point

    @classmethod
    def of(cls, scenes: Sequence[DepthScene]) -> SceneStack:
        """Stack ``scenes``; scene ``i`` has index ``i``."""
        if not scenes:
            raise ValueError("scene stack: no scenes given, expected at least one")
        counts = np.array([len(scene.centre) for scene in scenes])
        sizes = np.array([scene.field.size for scene in scenes])
        return cls(
            floor=np.array([scene.floor for scene in scenes]),
            box_count=counts,
            centre=_padded([scene.centre for scene in scenes], counts.max()),
            half_size=_padded([scene.half_size for scene in scenes], counts.max()),
            axes=_padded([scene.axes for scene in scenes], counts.max()),
            field=np.concatenate([scene.field.ravel() for scene in scenes]),
            field_top=np.concatenate([_cell_tops(scene.field).ravel() for scene in scenes]),
            field_start=np.cumsum(sizes) - sizes,
            field_shape=np.array([scene.field.shape for scene in scenes]),
            field_frame=np.array([scene.field_frame for scene in scenes]),
            field_range=np.array([_range(scene.field) for scene in scenes]),
        )


def _padded(arrays: list[np.ndarray], count: int) -> np.ndarray:
    stacked = np.zeros((len(arrays), count, *arrays[0].shape[1:]))
    for target, array in zip(stacked, arrays, strict=True):
        target[: len(array)] = array
    return stacked


def _cell_tops(field: np.ndarray) -> np.ndarray:
    tops = field.copy()
    if field.size:
        tops[:-1, :-1] = np.maximum.reduce([field[:-1, :-1], field[1:, :-1], field[:-1, 1:], field[1:, 1:]])
    return tops


def _range(field: np.ndarray) -> tuple[float, float]:
    return (float(field.min()), float(field.max())) if field.size else (0.0, 0.0)
