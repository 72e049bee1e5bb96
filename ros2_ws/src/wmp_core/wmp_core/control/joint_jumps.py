"""Joints that are suddenly elsewhere: no motor turns that fast, so their encoder is broken."""

from __future__ import annotations

from typing import Optional

import numpy as np

from wmp_core.robot_state import RobotState


class JointJumps:
    """Compares each robot state with the one before.

    How far a joint may have moved in between depends on how long that was: states get lost. Their stamps are
    times of arrival, and a state that was held up on its way seems to lie closer to the next one than it
    does; what that amounts to is for the limit on the result to forgive.

    Args:
        fastest: rad/s, the speed of each joint that it never exceeds.
        loop_period: s; states lie apart at least that long.
    """

    def __init__(self, fastest: np.ndarray, loop_period: float) -> None:
        self._fastest = fastest
        self._loop_period = loop_period
        self.reset()

    def reset(self) -> None:
        """Begin with the next state."""
        self._last: Optional[RobotState] = None
        #: rad that each joint has moved further than it can, at most 0 for those that have not.
        self.excess = np.zeros(len(self._fastest))

    def update(self, state: RobotState) -> None:
        """Take the newest state, which may be the one that is known already."""
        last, self._last = self._last, state
        if last is not None and last is not state:
            elapsed = max(state.stamp - last.stamp, self._loop_period)
            self.excess = np.abs(state.q - last.q) - elapsed * self._fastest
