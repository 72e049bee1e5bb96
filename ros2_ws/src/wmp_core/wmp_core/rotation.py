"""Quaternions ``(w, x, y, z)``, base_link (x forward, y left, z up) -> world. Leading axes broadcast."""

from __future__ import annotations

import numpy as np


def projected_gravity(quat_wxyz: np.ndarray) -> np.ndarray:
    """Unit vector of gravity in base_link: ``[..., 4] -> [..., 3]``; level is ``(0, 0, -1)``."""
    quat = np.asarray(quat_wxyz)
    w, x, y, z = quat[..., 0], quat[..., 1], quat[..., 2], quat[..., 3]
    gravity = np.empty(quat.shape[:-1] + (3,), dtype=quat.dtype)
    gravity[..., 0] = 2 * (w * y - x * z)
    gravity[..., 1] = -2 * (w * x + y * z)
    gravity[..., 2] = 2 * (x * x + y * y) - 1
    return gravity


def rotate(quat_wxyz: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Vector ``[..., 3]`` from base_link to world."""
    quat, vector = np.asarray(quat_wxyz), np.asarray(vector)
    imaginary = quat[..., 1:]
    twice_cross = 2 * np.cross(imaginary, vector)
    return vector + quat[..., :1] * twice_cross + np.cross(imaginary, twice_cross)


def rotate_inverse(quat_wxyz: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Vector ``[..., 3]`` from world to base_link."""
    return rotate(np.asarray(quat_wxyz) * np.array([1.0, -1.0, -1.0, -1.0]), vector)


def roll_pitch_yaw(quat_wxyz: np.ndarray) -> np.ndarray:
    """Angles ``[..., 3]`` in rad, ``R = Rz(yaw) Ry(pitch) Rx(roll)``; positive pitch looks down."""
    quat = np.asarray(quat_wxyz)
    w, x, y, z = quat[..., 0], quat[..., 1], quat[..., 2], quat[..., 3]
    roll = np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    pitch = np.arcsin(np.clip(2 * (w * y - x * z), -1.0, 1.0))
    yaw = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    return np.stack((roll, pitch, yaw), axis=-1)
