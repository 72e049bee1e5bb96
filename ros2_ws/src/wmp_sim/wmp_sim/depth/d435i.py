"""The simulated D435i: 16-bit depth frames of a world, seen from the robot's base."""

from __future__ import annotations

import mujoco
import numpy as np

from wmp_core.depth.geometry import CameraIntrinsics

from .camera import D435I, CameraMount, camera_poses
from .noise import StereoNoise
from .raycast import render
from .scene import DepthScene, SceneStack

#: Unit of a pixel [m], frame rate [Hz] and range [m] of the depth stream.
DEPTH_UNIT = 0.001
FRAME_RATE = 30.0
RANGE = 10.0


class SimulatedD435i:
    """Renders what the camera on the base sees; the robot's own legs are not in the picture.

    Args:
        model: the world.
        mount: where the camera sits on the base.
        noise: errors of the sensor, ``None`` for exact depth.
        seed: of the noise.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        mount: CameraMount,
        noise: StereoNoise | None = None,
        seed: int = 0,
        pinhole: CameraIntrinsics = D435I,
    ) -> None:
        self.pinhole = pinhole
        self._stack = SceneStack.of([DepthScene.from_model(model)])
        self._mount = mount
        self._noise = noise
        self._rng = np.random.default_rng(seed)
        # Compile the kernel now, not while the robot walks.
        self.capture(np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0]))

    def capture(self, base_position: np.ndarray, base_quaternion: np.ndarray) -> np.ndarray:
        """The frame ``[height, width]`` uint16 mm seen from a base at that pose; 0 is invalid."""
        position, axes = camera_poses(base_position[None], base_quaternion[None], self._mount)
        depth = render(self._stack, np.zeros(1, np.int64), position, axes, self.pinhole, RANGE)[0]
        if self._noise is not None:
            depth = self._noise.apply(depth, self.pinhole.fx, self._rng)
        return np.minimum(np.round(depth / DEPTH_UNIT), np.iinfo(np.uint16).max).astype(np.uint16)
