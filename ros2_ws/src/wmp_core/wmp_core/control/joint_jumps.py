"""Jumps of joint positions that no motor could make, which mean a broken encoder."""

from __future__ import annotations

from collections import deque
from typing import Deque

import numpy as np

from wmp_core.robot_state import RobotState

#: Number of states before and after a jump that have to agree about it.
BEFORE, AFTER = 2, 3


class JointJumps:
    """Compares the last three robot states with the two before them.

    A jump is what all of them agree about, so that a single wrong sample is none, neither when it comes nor
    when it goes.

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
        self._states: Deque[RobotState] = deque(maxlen=BEFORE + AFTER)
        #: rad ``[joints]`` moved beyond what the speed allows; at most 0 for a plausible motion.
        self.excess = np.zeros(len(self._max_speed))

    def update(self, state: RobotState) -> None:
        """Add the newest state; a repeated one changes nothing."""
        if self._states and self._states[-1] is state:
            return
        self._states.append(state)
        if len(self._states) < BEFORE + AFTER:
            return
        q = np.array([state.q for state in self._states])
        elapsed = max(self._states[BEFORE].stamp - self._states[BEFORE - 1].stamp, self._loop_period)
        moved = np.abs(q[BEFORE:, None] - q[None, :BEFORE]).min(axis=(0, 1))
        self.excess = moved - elapsed * self._max_speed
