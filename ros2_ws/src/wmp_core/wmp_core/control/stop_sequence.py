"""When a robot that walks on the spot may be held in a posture, or sit down, instead."""

from __future__ import annotations

import math

import numpy as np

from wmp_core.control.measurements import attitude
from wmp_core.robot_state import RobotState

# A robot that stands on level ground with four feet, as opposed to one in mid-step, on stairs or on a slope.
# There the policy goes on balancing: stiff legs in the default pose would push it over.
_STILL_TILT = 0.3
_STILL_TURN_RATE = 0.5
_STILL_JOINT_SPEED = 2.0
# Longer than the moment between two steps in which all feet are down.
_STILL_TIME = 0.15
# s; a robot may never come to rest on stairs, and has to sit down all the same.
_PATIENCE = 3.0


class StopSequence:
    """Counts how long the robot has been told to stand, and how long it has stood still.

    Args:
        default_position: rad ``[joints]``; the pose it would be held in.
        tolerance: rad that a joint may be off that pose.
        loop_period: s.
    """

    def __init__(self, default_position: np.ndarray, tolerance: float, loop_period: float) -> None:
        self._default_position = default_position
        self._tolerance = tolerance
        self._loop_period = loop_period
        self.reset()

    def reset(self) -> None:
        """The robot may walk."""
        self._waited = self._still = 0.0

    def pass_time(self, state: RobotState, periods: int) -> None:
        """Call it in every cycle in which the robot is told to stand, ``periods`` loop periods long."""
        elapsed = periods * self._loop_period
        self._waited += elapsed
        self._still = self._still + elapsed if _is_still(state) else 0.0

    def may_stand(self, state: RobotState, stand_after: float) -> bool:
        """Whether the robot, told to stand for ``stand_after`` s, is still and in about the right pose."""
        off = float(np.abs(state.q - self._default_position).max())
        return self._waited >= stand_after and self._still >= _STILL_TIME and off <= self._tolerance

    @property
    def may_sit(self) -> bool:
        """Whether the robot is still, in whatever pose, or cannot come to rest where it is."""
        return self._still >= _STILL_TIME or self._waited >= _PATIENCE


def _is_still(state: RobotState) -> bool:
    return (
        float(np.abs(state.dq).max()) <= _STILL_JOINT_SPEED
        and math.sqrt(float(np.dot(state.gyro, state.gyro))) <= _STILL_TURN_RATE
        and attitude(state.quat_wxyz) <= _STILL_TILT
    )
