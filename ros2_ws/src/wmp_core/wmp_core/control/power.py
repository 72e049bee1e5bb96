"""Mechanical power of all motors together, counted as the vendor's own protection counts it.

It sums ``|torque * velocity|`` over the joints, so that braking counts like driving (``PowerProtect`` of the
vendor's SDK: 100 W times its level of 1 to 10, over the limit for the 6th time in a row trips).
"""

from __future__ import annotations

import numpy as np


def mechanical_power(torque: np.ndarray, dq: np.ndarray) -> np.ndarray:
    """Power in W ``[...]`` of torques ``[..., J]`` in N m at joint velocities ``[..., J]`` in rad/s."""
    return np.abs(torque * dq).sum(axis=-1)


def power_share(torque: np.ndarray, dq: np.ndarray, limit: float) -> np.ndarray:
    """Share ``[..., 1]`` of ``torque [..., J]`` that keeps within ``limit`` in W; 1 where all of it does."""
    return limit / np.maximum(mechanical_power(torque, dq), limit)[..., np.newaxis]
