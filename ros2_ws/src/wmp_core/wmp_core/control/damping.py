"""Damping gains within the torque limit of each joint and the power limit of all joints together."""

from __future__ import annotations

from typing import Union

import numpy as np

from wmp_core.control.power import power_share

#: Position [rad] and velocity [rad/s] that no joint reaches; a larger reading is a broken sensor or packet.
IMPLAUSIBLE = 1e3


def damping_gain(
    kd: float, dq: np.ndarray, torque_limit: Union[float, np.ndarray], power_limit: float
) -> np.ndarray:
    """Gain of every joint in N m s/rad ``[J]``: ``kd``, reduced where a joint is too fast for it.

    Args:
        kd: gain in N m s/rad of a slow joint.
        dq: measured velocities ``[J]`` in rad/s. An implausible one counts as 0: a joint of unknown speed is
            damped in full and does not reduce the gains of the others.
        torque_limit: N m, one value per joint or one for all.
        power_limit: W of all joints together; above it, all gains are scaled by the same factor.
    """
    speed = np.abs(np.asarray(dq, dtype=np.float64))
    speed = np.where(speed < IMPLAUSIBLE, speed, 0.0)
    gain = kd * torque_limit / np.maximum(kd * speed, torque_limit)
    return gain * power_share(gain * speed, speed, power_limit)
