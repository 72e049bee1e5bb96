"""Builds the MuJoCo model of the A1 on a terrain."""

from __future__ import annotations

import mujoco
import numpy as np

from .a1 import PADDING_GROUP, TERRAIN_GROUP, Actuators, a1_model, build_a1
from .terrain import Terrain

#: Height of base_link above the start from which the robot is dropped in the default pose [m].
SPAWN_HEIGHT = 0.35
#: Height of padding boxes and height fields, out of reach of robot and camera [m].
PADDING_DEPTH = -50.0
#: Solid ground below the lowest point of a height field [m].
HEIGHT_FIELD_BASE = 0.2
#: Arena memory per simulation [bytes]; fixed, because the layout must not depend on the terrain.
ARENA_BYTES = 2 << 20


def build_world(
    terrain: Terrain,
    actuators: Actuators = "position",
    physics_dt: float = 0.005,
    max_boxes: int | None = None,
) -> mujoco.MjModel:
    """The A1 on ``terrain``; keyframe 0 (``default``) drops it at the start in the default pose.

    Models with the same ``max_boxes`` have the same ``MjData`` layout, whatever their terrain (missing boxes
    and height fields are added far below the ground), so ``mujoco.batch.Batch.set_models`` accepts a pool of
    them.

    Raises ``ValueError`` if the terrain has more than ``max_boxes`` boxes.
    """
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    _set_options(spec, physics_dt)
    _add_floor(spec, terrain.floor)
    _add_height_field(spec, terrain)
    _add_boxes(spec, terrain, len(terrain.boxes) if max_boxes is None else max_boxes)
    build_a1(spec, actuators)
    _add_default_pose(spec, terrain, actuators)
    return spec.compile()


def _add_default_pose(spec: mujoco.MjSpec, terrain: Terrain, actuators: Actuators) -> None:
    pose = a1_model().default_position
    spec.add_key(
        name="default",
        qpos=[*np.add(terrain.start, (0.0, 0.0, SPAWN_HEIGHT)), 1.0, 0.0, 0.0, 0.0, *pose],
        ctrl=pose if actuators == "position" else np.zeros(len(pose)),
    )


def _set_options(spec: mujoco.MjSpec, physics_dt: float) -> None:
    spec.option.timestep = physics_dt
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_PYRAMIDAL
    spec.option.solver = mujoco.mjtSolver.mjSOL_NEWTON
    spec.memory = ARENA_BYTES


def _add_floor(spec: mujoco.MjSpec, height: float) -> None:
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0, 0, 1],
        pos=[0, 0, height],
        group=TERRAIN_GROUP,
        contype=1,
        conaffinity=0,
    )


def _add_height_field(spec: mujoco.MjSpec, terrain: Terrain) -> None:
    field = terrain.height_field
    if field is None:
        heights, half_size, place, group = (
            np.zeros((2, 2)),
            (1.0, 1.0),
            (0.0, 0.0, PADDING_DEPTH),
            PADDING_GROUP,
        )
    else:
        heights, half_size, group = field.heights, field.half_size, TERRAIN_GROUP
        place = (*field.centre, heights.min())
    # MuJoCo scales the data to [0, 1]; the size holds the true range.
    elevation = max(float(np.ptp(heights)), 1e-6)
    spec.add_hfield(
        name="height_field",
        nrow=heights.shape[0],
        ncol=heights.shape[1],
        size=[*half_size, elevation, HEIGHT_FIELD_BASE],
        userdata=heights.ravel(),
    )
    spec.worldbody.add_geom(
        name="height_field",
        type=mujoco.mjtGeom.mjGEOM_HFIELD,
        hfieldname="height_field",
        pos=place,
        group=group,
        contype=1,
        conaffinity=0,
    )


def _add_boxes(spec: mujoco.MjSpec, terrain: Terrain, count: int) -> None:
    boxes = terrain.boxes
    if len(boxes) > count:
        raise ValueError(
            f"terrain {terrain.name!r} has {len(boxes)} boxes, expected at most max_boxes = {count}"
        )
    for i in range(count):
        real = i < len(boxes)
        spec.worldbody.add_geom(
            name=f"box_{i}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=boxes.half_size[i] if real else [0.1, 0.1, 0.1],
            pos=boxes.centre[i] if real else [0.0, 0.0, PADDING_DEPTH],
            quat=boxes.quaternion[i] if real else [1.0, 0.0, 0.0, 0.0],
            group=TERRAIN_GROUP if real else PADDING_GROUP,
            contype=1,
            conaffinity=0,
        )
