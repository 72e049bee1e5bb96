"""The policy's depth camera, rendered on the CPU for many robots."""

from __future__ import annotations

import math
from collections.abc import Sequence

import mujoco
import numpy as np
import torch
from torch import Tensor

from wmp_core.contract import DepthContract
from wmp_sim.depth import CameraMount, DepthScene, SceneStack, camera_poses, render, square_camera


class DepthCamera:
    """Renders the contract's pinhole camera in a set of worlds."""

    def __init__(self, depth: DepthContract, models: Sequence[mujoco.MjModel], threads: int = 2) -> None:
        if depth.width != depth.height:
            raise ValueError(f"depth image is {depth.width} x {depth.height}, expected a square one")
        self.pinhole = square_camera(depth.width, math.radians(depth.fov_deg))
        x, y, z = depth.position
        self.mount = CameraMount((x, y, z), depth.pitch)
        self.far, self.threads = depth.far, threads
        self.stack = SceneStack.of([DepthScene.from_model(model) for model in models])

    def poses(self, base: np.ndarray, pitch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Camera positions [M, 3] and axes [M, 3, 3] (right, down, forward) for base poses [M, 7]."""
        return camera_poses(base[:, :3], base[:, 3:], self.mount, self.mount.pitch + pitch)

    def render(self, world: np.ndarray, pose: np.ndarray, pitch: np.ndarray) -> Tensor:
        """Planar depth [M, H, W], m, 0 where nothing is hit; ``pose`` [M, 7] is that of the base."""
        position, axes = self.poses(pose, pitch)
        image = render(self.stack, world, position, axes, self.pinhole, self.far, threads=self.threads)
        return torch.from_numpy(image)


def normalise(depth: DepthContract, image: Tensor) -> Tensor:
    """Depth [m] as network input: clip to [near, far], then ``d / far - 0.5``; 0 (invalid) becomes far."""
    image = torch.where(image > 0, image, depth.far)
    return image.clamp(depth.near, depth.far) / depth.far - 0.5
