"""Jumps of joint positions that no motor could make, which mean a broken encoder."""

from __future__ import annotations

from typing import Optional

import numpy as np

from wmp_core.robot_state import RobotState


class JointJumps:
    """Compares each robot state with the one before.

    The possible motion depends on the time between two states, and states get lost. Stamps are arrival times:
    a delayed state seems closer to its successor than it is. The limit on the result has to allow for that.

    Args:
        max_speed: speed that a joint never exceeds, rad/s ``[joints]``.
        loop_period: s; the least time between two states.
    """

    def __init__(self, max_speed: np.ndarray, loop_period: float) -> None:
        self._max_speed = max_speed
        self._loop_period = loop_period
        self.reset()

    def reset(self) -> None:
        """Start with the next state."""
        self._last: Optional[RobotState] = None
        #: rad ``[joints]`` moved beyond what the speed allows; at most 0 for a plausible motion.
        self.excess = np.zeros(len(self._max_speed))

    def update(self, state: RobotState) -> None:
        """Add the newest state; a repeated one changes nothing."""
        last, self._last = self._last, state
        if last is not None and last is not state:
            elapsed = max(state.stamp - last.stamp, self._loop_period)
            self.excess = np.abs(state.q - last.q) - elapsed * self._max_speed
