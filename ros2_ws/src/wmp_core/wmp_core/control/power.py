"""Mechanical power of all motors together, defined as in the vendor's own protection.

The sum of ``|torque * velocity|`` over the joints, so that braking counts as much as driving. The vendor's
``PowerProtect`` allows 100 W times its level of 1 to 10 and trips on the 6th consecutive state above that.
"""

from __future__ import annotations

import numpy as np


def mechanical_power(torque: np.ndarray, dq: np.ndarray) -> np.ndarray:
    """Power in W ``[...]`` of torques ``[..., J]`` in N m at joint velocities ``[..., J]`` in rad/s."""
    return np.abs(torque * dq).sum(axis=-1)


def power_share(torque: np.ndarray, dq: np.ndarray, limit: float) -> np.ndarray:
    """Factor ``[..., 1]``, at most 1, that brings ``torque [..., J]`` within ``limit`` W."""
    return limit / np.maximum(mechanical_power(torque, dq), limit)[..., np.newaxis]
