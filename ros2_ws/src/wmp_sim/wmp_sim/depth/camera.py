"""Mount and pinhole model of the depth camera."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wmp_core.depth.geometry import CameraIntrinsics


def square_camera(size: int, field_of_view: float) -> CameraIntrinsics:
    """``size`` x ``size`` pixels with ``field_of_view`` [rad] in both directions."""
    focal = size / 2 / math.tan(field_of_view / 2)
    centre = (size - 1) / 2
    return CameraIntrinsics(size, size, focal, focal, centre, centre)


def pixel_slopes(camera: CameraIntrinsics) -> tuple[np.ndarray, np.ndarray]:
    """Tangents of the pixel rays: to the right per column ``[width]``, downwards per row ``[height]``."""
    right = (np.arange(camera.width) - camera.cx) / camera.fx
    down = (np.arange(camera.height) - camera.cy) / camera.fy
    return right.astype(np.float32), down.astype(np.float32)


#: The virtual camera of the policy: 64 x 64 pixels, 58 degrees.
POLICY_CAMERA = square_camera(64, math.radians(58.0))
#: Depth stream of one measured D435i at 424 x 240.
D435I = CameraIntrinsics(424, 240, fx=211.4, fy=211.4, cx=212.6, cy=117.7)


@dataclass(frozen=True)
class CameraMount:
    """Pose of the camera: position in base_link [m]; pitch [rad], positive looks down."""

    position: tuple[float, float, float] = (0.27, 0.0, 0.03)
    pitch: float = 0.0


def camera_poses(
    base_position: np.ndarray,
    base_quaternion: np.ndarray,
    mount: CameraMount,
    pitch: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """World poses of the cameras of ``N`` robots.

    Args:
        base_position: ``[N, 3]`` m.
        base_quaternion: ``[N, 4]`` (w, x, y, z), base_link -> world, of unit length.
        mount: pose of the cameras in base_link.
        pitch: ``[N]`` rad, a pitch per robot instead of the mount's.

    Returns:
        Position ``[N, 3]`` m, and axes ``[N, 3, 3]`` whose rows are right, down and forward in the world.
    """
    base_axes = rotation_matrices(np.asarray(base_quaternion, dtype=np.float64))
    pitch = np.full(len(base_axes), mount.pitch) if pitch is None else np.asarray(pitch, dtype=np.float64)
    sine, cosine, zero = np.sin(pitch), np.cos(pitch), np.zeros(len(base_axes))
    right = np.stack([zero, zero - 1.0, zero], axis=-1)
    down = np.stack([-sine, zero, -cosine], axis=-1)
    forward = np.stack([cosine, zero, -sine], axis=-1)
    axes = np.stack([right, down, forward], axis=1) @ base_axes.transpose(0, 2, 1)
    position = base_position + base_axes @ np.asarray(mount.position)
    return position, axes


def rotation_matrices(quaternion: np.ndarray) -> np.ndarray:
    """Rotation matrices ``[..., 3, 3]`` of unit quaternions ``[..., 4]`` (w, x, y, z)."""
    w, x, y, z = np.moveaxis(np.asarray(quaternion, dtype=np.float64), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
