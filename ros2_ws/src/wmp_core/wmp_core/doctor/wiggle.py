"""The wiggle test: each joint in turn moves a little, and its own encoder must confirm it.

The robot is suspended with its feet free. The test proves that command and encoder belong to the same motor
and agree in sign. Whether the motor is in the leg of its name only an observer can see.
"""

from __future__ import annotations

import time
from typing import Callable, List, Optional

import numpy as np

from wmp_core.a1.link import RobotLink
from wmp_core.contract import Contract
from wmp_core.control.command import MotorCommand
from wmp_core.control.envelope import Envelope, EnvelopeSettings
from wmp_core.doctor.check import Check, failed, passed
from wmp_core.robot_state import RobotState

_PERIOD = 0.002
_STATE_TIMEOUT = 0.1
# Required share of the step. The leg's weight acts equally before and after.
_ENOUGH = 0.5


class WiggleError(RuntimeError):
    """The test was aborted; the robot is damped."""


def wiggle(
    link: RobotLink,
    contract: Contract,
    announce: Callable[[str], None] = lambda name: None,
    step: float = 0.05,
    phase: float = 0.3,
) -> List[Check]:
    """Move each joint by ``step`` rad and back, while the others hold their positions.

    Args:
        link: a closed link; it is opened and closed, which damps the robot.
        announce: called with the name of each joint before it moves.
        phase: s of each phase: moving out, holding (its last state counts), moving back.

    Raises:
        WiggleError: the robot sends no state, a motor does not follow commands, the remote's stop is pressed,
            or the envelope trips.
        LinkError: the link cannot be opened.
    """
    link.open()
    try:
        mover = _JointMover(link, contract, phase)
        checks = []
        for joint, name in enumerate(contract.joints.names):
            announce(name)
            checks.append(_judge(contract, joint, mover.move(joint, step), step))
        return checks
    finally:
        link.close()


class _JointMover:
    """Holds all joints at their initial positions and moves one at a time, through the envelope."""

    def __init__(self, link: RobotLink, contract: Contract, phase: float) -> None:
        self._link = link
        self._cycles = max(1, round(phase / _PERIOD))
        self._envelope = Envelope(contract.joints, EnvelopeSettings())
        self._kp, self._kd = np.array(contract.joints.kp), np.array(contract.joints.kd)
        link.send(MotorCommand.damping(3.0, contract.num_joints))
        self._state = self._receive(timeout_s=2.0)
        self._rest = np.array(self._state.q, dtype=np.float64)

    def move(self, joint: int, step: float) -> np.ndarray:
        """Measured motion of every joint, rad ``[joints]``, for a command to move ``joint`` by ``step``."""
        self._ramp(joint, 0.0, 0.0)
        before = np.array(self._state.q)
        self._ramp(joint, 0.0, step)
        self._ramp(joint, step, step)
        moved = np.array(self._state.q) - before
        self._ramp(joint, step, 0.0)
        return moved

    def _ramp(self, joint: int, start: float, end: float) -> None:
        for cycle in range(1, self._cycles + 1):
            target = self._rest.copy()
            target[joint] += start + (end - start) * cycle / self._cycles
            self._exchange(MotorCommand.position(target, self._kp, self._kd))

    def _exchange(self, command: MotorCommand) -> None:
        began = time.monotonic()
        result = self._envelope.apply(command, self._state)
        if result.trip is not None:
            raise WiggleError(f"aborted: {result.trip}")
        self._link.send(result.command)
        self._state = self._receive(_STATE_TIMEOUT)
        if self._state.servo_problem:
            raise WiggleError(f"aborted: {self._state.servo_problem}")
        time.sleep(max(0.0, began + _PERIOD - time.monotonic()))

    def _receive(self, timeout_s: float) -> RobotState:
        state: Optional[RobotState] = self._link.receive(timeout_s)
        if state is None:
            raise WiggleError(f"aborted: no state from the robot for {timeout_s:g} s; check the link")
        if state.emergency_stop:
            raise WiggleError("aborted: L2 and B are pressed on the remote")
        return state


def _judge(contract: Contract, joint: int, moved: np.ndarray, step: float) -> Check:
    names = contract.joints.names
    name, own, most = f"wiggle {names[joint]}", float(moved[joint]), int(np.argmax(np.abs(moved)))
    found = f"commanded {step:+.3f} rad, moved {own:+.3f} rad"
    figures = {"commanded_rad": step, "moved_rad": own}
    if abs(moved[most]) >= _ENOUGH * abs(step) and most != joint:
        found += f", and {names[most]} moved {moved[most]:+.3f} rad"
        return failed(
            name, found, "command and encoder belong to different motors: check the motor order", **figures
        )
    if own * np.sign(step) <= -_ENOUGH * abs(step):
        return failed(name, found, "command and encoder disagree in sign: do not run this robot", **figures)
    if own * np.sign(step) < _ENOUGH * abs(step):
        remedy = "the joint is blocked or its motor is off: check for free feet and low-level mode"
        return failed(name, found, remedy, **figures)
    return passed(name, found, **figures)
