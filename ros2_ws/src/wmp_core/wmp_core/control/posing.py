"""Progress along the joint trajectory of a posture: standing up, standing, sitting down."""

from __future__ import annotations

from typing import Optional

import numpy as np

from wmp_core.contract import JointContract
from wmp_core.control import posture
from wmp_core.control.command import MotorCommand
from wmp_core.control.posture import PostureSettings, PostureTrajectory

#: Maximum loop periods by which a trajectory advances in one cycle: after a pause of the loop it takes longer
#: instead of jumping ahead.
_MAX_ADVANCE = 5


class Posing:
    """Commands of STAND_UP, STAND and SIT_DOWN; :class:`wmp_core.control.walking.Walking` has those of WALK.

    Args:
        joints: the contract's.
        settings: durations, gains and the folded pose.
        loop_period: s.
    """

    def __init__(self, joints: JointContract, settings: PostureSettings, loop_period: float) -> None:
        self._joints = joints
        self._settings = settings
        self._loop_period = loop_period
        # Initially a finished trajectory that stays in the default pose.
        self._start(PostureTrajectory(np.array(joints.default_position), 1.0, ()))
        self._target = np.array(joints.default_position)

    def stand_up(self, q: np.ndarray) -> None:
        """Start to stand up from the measured joint positions ``q [joints]`` in rad."""
        self._start(posture.stand_up(self._joints, self._settings, q))

    def sit_down(self, q: Optional[np.ndarray] = None) -> None:
        """Start to sit down from the measured joints ``q [joints]`` in rad, or from the current target.

        From a posture, use the target: it carries the weight, and the measured joints sag below it.
        """
        start = self._target if q is None else q
        self._start(posture.sit_down(self._joints, self._settings, start))

    def settle(self, targets: np.ndarray) -> None:
        """Start to move to the default pose from the policy's ``targets [joints]`` in rad."""
        self._start(posture.settle(self._joints, self._settings, targets))

    def advance(self, periods: int) -> None:
        """Advance by ``periods`` loop periods, limited after a pause of the loop."""
        self._periods += min(periods, _MAX_ADVANCE)

    @property
    def is_complete(self) -> bool:
        """Whether the trajectory has reached its end, which it then holds."""
        return self._time >= self._trajectory.duration

    def command(self) -> MotorCommand:
        """The motor command at the present time."""
        self._target, stiffness = self._trajectory.at(self._time)
        kp, kd, joints = self._settings.kp, self._settings.kd, len(self._target)
        return MotorCommand.position(self._target, np.full(joints, stiffness * kp), np.full(joints, kd))

    @property
    def _time(self) -> float:
        return self._periods * self._loop_period

    def _start(self, trajectory: PostureTrajectory) -> None:
        self._trajectory, self._periods = trajectory, 0
