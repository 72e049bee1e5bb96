"""Quaternions ``(w, x, y, z)``, base -> world; base x forward, y left, z up. Leading dimensions broadcast."""

from __future__ import annotations

import numpy as np


def projected_gravity(quat_wxyz: np.ndarray) -> np.ndarray:
    """Unit vector of gravity in the base frame: ``[..., 4] -> [..., 3]``; level is ``(0, 0, -1)``."""
    quat = np.asarray(quat_wxyz)
    w, x, y, z = quat[..., 0], quat[..., 1], quat[..., 2], quat[..., 3]
    gravity = np.empty(quat.shape[:-1] + (3,), dtype=quat.dtype)
    gravity[..., 0] = 2 * (w * y - x * z)
    gravity[..., 1] = -2 * (w * x + y * z)
    gravity[..., 2] = 2 * (x * x + y * y) - 1
    return gravity


def conjugate(quat_wxyz: np.ndarray) -> np.ndarray:
    """The inverse rotation of a unit quaternion."""
    return np.asarray(quat_wxyz) * np.array([1.0, -1.0, -1.0, -1.0])


def multiply(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Hamilton product: the rotation ``second``, then ``first``."""
    first, second = np.asarray(first), np.asarray(second)
    w1, v1 = first[..., :1], first[..., 1:]
    w2, v2 = second[..., :1], second[..., 1:]
    scalar = w1 * w2 - np.sum(v1 * v2, axis=-1, keepdims=True)
    return np.concatenate((scalar, w1 * v2 + w2 * v1 + np.cross(v1, v2)), axis=-1)


def rotate(quat_wxyz: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Vector ``[..., 3]`` from the base frame to the world frame."""
    quat, vector = np.asarray(quat_wxyz), np.asarray(vector)
    imaginary = quat[..., 1:]
    twice_cross = 2 * np.cross(imaginary, vector)
    return vector + quat[..., :1] * twice_cross + np.cross(imaginary, twice_cross)


def rotate_inverse(quat_wxyz: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Vector ``[..., 3]`` from the world frame to the base frame."""
    return rotate(conjugate(quat_wxyz), vector)


def roll_pitch_yaw(quat_wxyz: np.ndarray) -> np.ndarray:
    """Angles ``[..., 3]`` in rad, ``R = Rz(yaw) Ry(pitch) Rx(roll)``; positive pitch looks down."""
    quat = np.asarray(quat_wxyz)
    w, x, y, z = quat[..., 0], quat[..., 1], quat[..., 2], quat[..., 3]
    roll = np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    pitch = np.arcsin(np.clip(2 * (w * y - x * z), -1.0, 1.0))
    yaw = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    return np.stack((roll, pitch, yaw), axis=-1)


def from_roll_pitch_yaw(angles: np.ndarray) -> np.ndarray:
    """Inverse of :func:`roll_pitch_yaw`: ``[..., 3]`` rad -> unit quaternion ``[..., 4]``."""
    half = 0.5 * np.asarray(angles, dtype=np.float64)
    (cr, cp, cy), (sr, sp, sy) = np.moveaxis(np.cos(half), -1, 0), np.moveaxis(np.sin(half), -1, 0)
    return np.stack(
        (
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ),
        axis=-1,
    )
