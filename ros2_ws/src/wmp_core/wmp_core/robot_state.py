"""The robot's measured state, as every part of the runtime exchanges it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np


@dataclass(frozen=True)
class RobotState:
    """One reading of the robot, joints in contract order.

    ``quat_wxyz [4]`` base -> world; ``gyro [3]`` rad/s and ``acc [3]`` m/s^2 in the base frame; ``q [J]``
    rad, ``dq [J]`` rad/s, ``tau_est [J]`` N m; ``stamp`` s; ``tick`` the robot's own counter. Optional:
    ``motor_temperature [J]`` in degrees Celsius, ``foot_force [4]`` raw counts in the order of the contract's
    legs, ``remote`` the 40 bytes of the hand-held controller, ``emergency_stop`` whether its stop is pressed.
    """

    quat_wxyz: np.ndarray
    gyro: np.ndarray
    acc: np.ndarray
    q: np.ndarray
    dq: np.ndarray
    tau_est: np.ndarray
    stamp: float
    tick: int
    motor_temperature: Optional[np.ndarray] = None
    foot_force: Optional[np.ndarray] = None
    remote: bytes = b""
    emergency_stop: bool = False
