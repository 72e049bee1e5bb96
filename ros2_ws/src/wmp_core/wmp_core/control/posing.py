"""The robot in a posture or on its way to one: which trajectory it follows, and how far it has come."""

from __future__ import annotations

from typing import Optional

import numpy as np

from wmp_core.contract import JointContract
from wmp_core.control import posture
from wmp_core.control.command import MotorCommand
from wmp_core.control.posture import PostureSettings, PostureTrajectory

#: Loop periods by which a trajectory goes on in one cycle, at most: a pause of the loop makes it take longer,
#: rather than jump to where it would have been.
_LONGEST_STEP = 5


class Posing:
    """Is to STAND_UP, STAND and SIT_DOWN what :class:`wmp_core.control.walking.Walking` is to WALK.

    Args:
        joints: the contract's.
        settings: durations, gains and the folded pose.
        loop_period: s.
    """

    def __init__(self, joints: JointContract, settings: PostureSettings, loop_period: float) -> None:
        self._joints = joints
        self._settings = settings
        self._loop_period = loop_period
        # Until somebody begins, a trajectory that has ended where it began.
        self._begin(PostureTrajectory(np.array(joints.default_position), 1.0, ()))
        self._target = np.array(joints.default_position)

    def stand_up(self, q: np.ndarray) -> None:
        """Begin to stand up from the measured joints ``q [joints]`` in rad."""
        self._begin(posture.stand_up(self._joints, self._settings, q))

    def sit_down(self, q: Optional[np.ndarray] = None) -> None:
        """Begin to sit down from the measured joints ``q [joints]`` in rad; without them from the posture.

        A posture's own target carries the weight; the measured joints sag below it.
        """
        start = self._target if q is None else q
        self._begin(posture.sit_down(self._joints, self._settings, start))

    def settle(self, targets: np.ndarray) -> None:
        """Begin to stand from the ``targets [joints]`` in rad of a robot that walks on the spot."""
        self._begin(posture.settle(self._joints, self._settings, targets))

    def pass_time(self, periods: int) -> None:
        """Let ``periods`` loop periods pass, or as many as a robot can follow."""
        self._periods += min(periods, _LONGEST_STEP)

    @property
    def is_complete(self) -> bool:
        """Whether the trajectory has come to its end, which it then holds."""
        return self._time >= self._trajectory.duration

    def command(self) -> MotorCommand:
        """What the motors are to be told now."""
        self._target, stiffness = self._trajectory.at(self._time)
        kp, kd, joints = self._settings.kp, self._settings.kd, len(self._target)
        return MotorCommand.position(self._target, np.full(joints, stiffness * kp), np.full(joints, kd))

    @property
    def _time(self) -> float:
        return self._periods * self._loop_period

    def _begin(self, trajectory: PostureTrajectory) -> None:
        self._trajectory, self._periods = trajectory, 0
