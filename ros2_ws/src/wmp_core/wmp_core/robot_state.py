"""The robot's measured state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np


@dataclass(frozen=True)
class RobotState:
    """One measured state of the robot, joints in contract order.

    ``quat_wxyz [4]`` base_link -> world; ``gyro [3]`` rad/s and ``acc [3]`` m/s^2 in base_link; ``q [J]``
    rad, ``dq [J]`` rad/s, ``tau_est [J]`` N m; ``stamp`` s; ``tick`` the robot's own counter. Optional:
    ``motor_temperature [J]`` in degrees Celsius, ``foot_force [4]`` raw counts in the contract's leg order,
    ``remote`` the 40 bytes of the hand-held controller, ``emergency_stop`` whether its stop is pressed;
    ``servo_problem`` why the motors do not follow commands, empty if they do; ``restarts`` of the robot since
    the link was opened.
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
    servo_problem: str = ""
    restarts: int = 0
