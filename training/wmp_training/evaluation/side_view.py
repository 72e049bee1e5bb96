"""Pictures of a robot on its track from the side, by ray casting: no graphics driver is needed."""

from __future__ import annotations

import mujoco
import numpy as np

from wmp_sim.a1 import ROBOT_GROUP, TERRAIN_GROUP

#: Camera position relative to the robot's base in the track frame, m, and vertical field of view, rad.
CAMERA_OFFSET, FIELD_OF_VIEW = (-0.55, -1.75, 0.75), 0.65
#: Rays per pixel and axis, averaged for smooth edges.
RAYS = 2
#: Direction to the sun, and the share of light on surfaces that face away from it.
SUN, AMBIENT = np.array([-0.35, -0.5, 0.8]), 0.45
SKY, GROUND, LINES, TRUNK, LEG = np.array(
    [[222, 231, 240], [196, 191, 182], [168, 163, 154], [52, 60, 72], [226, 122, 44]], float
)
#: Spacing and width of the lines on the ground, m; they make the robot's speed visible.
LINE_SPACING, LINE_WIDTH = 0.5, 0.015
FAR = 30.0


class SideView:
    """Draws ``model`` (see ``wmp_sim.world``) in pictures of ``width`` x ``height`` pixels."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int) -> None:
        self._model, self._data = model, mujoco.MjData(model)
        self._size = height * RAYS, width * RAYS
        self._rays = _rays(*self._size)
        count = len(self._rays)
        self._geom = np.zeros(count, np.int32)
        self._distance, self._normal = np.zeros(count), np.zeros(3 * count)
        self._groups = np.zeros(6, np.uint8)
        self._groups[[TERRAIN_GROUP, ROBOT_GROUP]] = 1
        is_trunk = np.array([model.body(body).name == "trunk" for body in model.geom_bodyid])
        is_robot = model.geom_group == ROBOT_GROUP
        self._colours = np.where(is_robot[:, None], np.where(is_trunk[:, None], TRUNK, LEG), GROUND)
        self._is_ground = ~is_robot

    def draw(self, qpos: np.ndarray) -> np.ndarray:
        """RGB [height, width, 3], uint8, of the robot at ``qpos``."""
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._model, self._data)
        eye = np.array([qpos[0], qpos[1], qpos[2]]) + CAMERA_OFFSET
        mujoco.mj_multiRay(
            self._model,
            self._data,
            eye,
            self._rays.ravel(),
            self._groups,
            True,
            -1,
            self._geom,
            self._distance,
            self._normal,
            len(self._rays),
            FAR,
        )
        return self._downsampled(self._shaded(eye))

    def _shaded(self, eye: np.ndarray) -> np.ndarray:
        hit = self._geom >= 0
        colour = np.where(hit[:, None], self._colours[self._geom], SKY)
        place = eye + self._rays * self._distance[:, None]
        between = (
            np.abs(place[:, :2] / LINE_SPACING - np.rint(place[:, :2] / LINE_SPACING)).min(axis=-1)
            * LINE_SPACING
        )
        ruled = hit & self._is_ground[self._geom] & (between < LINE_WIDTH / 2)
        colour[ruled] = LINES
        light = np.maximum(self._normal.reshape(-1, 3) @ (SUN / np.linalg.norm(SUN)), 0.0)
        brightness = AMBIENT + (1.0 - AMBIENT) * light
        return colour * np.where(hit, brightness, 1.0)[:, None]

    def _downsampled(self, colour: np.ndarray) -> np.ndarray:
        rows, columns = self._size
        pixels = colour.reshape(rows // RAYS, RAYS, columns // RAYS, RAYS, 3).mean(axis=(1, 3))
        return pixels.round().clip(0, 255).astype(np.uint8)


def _rays(rows: int, columns: int) -> np.ndarray:
    """Unit ray directions [rows * columns, 3] of the camera, which looks at the base."""
    forward = -np.array(CAMERA_OFFSET) / np.linalg.norm(CAMERA_OFFSET)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    pixel = 2.0 * np.tan(FIELD_OF_VIEW / 2) / rows
    x = (np.arange(columns) + 0.5 - columns / 2) * pixel
    y = (rows / 2 - np.arange(rows) - 0.5) * pixel
    rays = forward + x[None, :, None] * right + y[:, None, None] * up
    return (rays / np.linalg.norm(rays, axis=-1, keepdims=True)).reshape(-1, 3)
