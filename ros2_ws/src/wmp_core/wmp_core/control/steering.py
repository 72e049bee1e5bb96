"""How an operator keeps a robot on its course."""

from __future__ import annotations

import math


def turning_back(yaw: float, course: float, gain: float) -> float:
    """Yaw rate [rad/s] that turns a robot at heading ``yaw`` the short way back to ``course`` (rad)."""
    return -gain * math.remainder(yaw - course, 2.0 * math.pi)
