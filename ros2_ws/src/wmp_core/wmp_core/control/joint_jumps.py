"""Jumps of joint positions that no motor could make, which mean a broken encoder."""

from __future__ import annotations

from collections import deque
from typing import Deque

import numpy as np

from wmp_core.robot_state import RobotState

#: Number of states between the two that are compared.
SPAN = 3


class JointJumps:
    """Compares each robot state with an earlier one, :data:`SPAN` states ago: a jump that lasts shows in
    that many states, a single wrong one in two.

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
        self._states: Deque[RobotState] = deque(maxlen=SPAN + 1)
        #: rad ``[joints]`` moved beyond what the speed allows; at most 0 for a plausible motion.
        self.excess = np.zeros(len(self._max_speed))

    def update(self, state: RobotState) -> None:
        """Add the newest state; a repeated one changes nothing."""
        if self._states and self._states[-1] is state:
            return
        self._states.append(state)
        earlier = self._states[0]
        if earlier is not state:
            elapsed = max(state.stamp - earlier.stamp, (len(self._states) - 1) * self._loop_period)
            self.excess = np.abs(state.q - earlier.q) - elapsed * self._max_speed
