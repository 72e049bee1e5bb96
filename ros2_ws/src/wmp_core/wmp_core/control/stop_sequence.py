"""The stop sequence: a walking robot comes to rest, then stands in the default pose or sits down."""

from __future__ import annotations

import math

import numpy as np

from wmp_core.control.measurements import attitude
from wmp_core.robot_state import RobotState

# Limits that separate a robot on four feet on level ground from one in mid-step, on stairs or on a slope, in
# rad, rad/s, rad/s. Beyond them the policy goes on balancing: stiff legs would push the robot over.
_REST_ATTITUDE = 0.3
_REST_TURN_RATE = 0.5
_REST_JOINT_SPEED = 2.0
# s; longer than the stance phase between two steps, when all feet are down.
_REST_TIME = 0.15
# Maximum wait for rest before sitting down [s]: on stairs a robot may never come to rest.
_MAX_WAIT = 3.0


class StopSequence:
    """Measures how long the stop sequence has run, and how long the robot has been at rest.

    Args:
        default_position: rad ``[joints]``.
        tolerance: maximum error of a joint against that pose, rad.
        loop_period: s.
    """

    def __init__(self, default_position: np.ndarray, tolerance: float, loop_period: float) -> None:
        self._default_position = default_position
        self._tolerance = tolerance
        self._loop_period = loop_period
        self.reset()

    def reset(self) -> None:
        """End the sequence: the robot may walk."""
        self._waited = self._at_rest = 0.0

    def update(self, state: RobotState, periods: int) -> None:
        """Call in every cycle of the sequence; ``periods`` loop periods have passed."""
        elapsed = periods * self._loop_period
        self._waited += elapsed
        self._at_rest = self._at_rest + elapsed if _is_at_rest(state) else 0.0

    def may_stand(self, state: RobotState, stand_after: float) -> bool:
        """Whether ``stand_after`` s have passed, and the robot is at rest near the default pose."""
        error = float(np.abs(state.q - self._default_position).max())
        return self._waited >= stand_after and self._at_rest >= _REST_TIME and error <= self._tolerance

    @property
    def may_sit(self) -> bool:
        """Whether the robot is at rest in any pose, or has not come to rest within the maximum wait."""
        return self._at_rest >= _REST_TIME or self._waited >= _MAX_WAIT


def _is_at_rest(state: RobotState) -> bool:
    return (
        float(np.abs(state.dq).max()) <= _REST_JOINT_SPEED
        and math.sqrt(float(np.dot(state.gyro, state.gyro))) <= _REST_TURN_RATE
        and attitude(state.quat_wxyz) <= _REST_ATTITUDE
    )
