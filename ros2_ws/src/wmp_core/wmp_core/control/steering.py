"""Heading hold."""

from __future__ import annotations

import math


def heading_hold_yaw_rate(yaw: float, heading: float, gain: float) -> float:
    """Yaw rate [rad/s] that turns from ``yaw`` to ``heading`` [rad] the short way; ``gain`` in 1/s."""
    return -gain * math.remainder(yaw - heading, 2.0 * math.pi)
