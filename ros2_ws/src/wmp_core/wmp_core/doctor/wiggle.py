"""The wiggle test: one joint after the other moves a little, and its own encoder must say so.

The robot hangs with its feet free. What the test proves is that command and encoder of a motor belong
together and agree in sign; that the motor is in the leg its name says, only the person who watches can see.
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
# Share of the step that must arrive; a hanging leg's weight is the same before and after.
_ENOUGH = 0.5


class WiggleError(RuntimeError):
    """The test was broken off; the robot has been damped."""


def wiggle(
    link: RobotLink,
    contract: Contract,
    announce: Callable[[str], None] = lambda name: None,
    step: float = 0.05,
    phase: float = 0.3,
) -> List[Check]:
    """Move every joint by ``step`` rad and back, the others being held where they are.

    Args:
        link: closed; it is opened, and left closed with the robot in damping.
        announce: told the name of each joint before it moves.
        phase: s for the way out, for holding there (the last state of which counts), and for the way back.

    Raises:
        WiggleError: the robot falls silent, its remote's stop is pressed, or the envelope trips.
        LinkError: the link cannot be opened.
    """
    link.open()
    try:
        hand = _Hand(link, contract, phase)
        checks = []
        for joint, name in enumerate(contract.joints.names):
            announce(name)
            checks.append(_judge(contract, joint, hand.move(joint, step), step))
        return checks
    finally:
        link.close()


class _Hand:
    """Holds all joints where they were and moves one at a time, through the envelope."""

    def __init__(self, link: RobotLink, contract: Contract, phase: float) -> None:
        self._link = link
        self._cycles = max(1, round(phase / _PERIOD))
        self._envelope = Envelope(contract.joints, EnvelopeSettings())
        self._kp, self._kd = np.array(contract.joints.kp), np.array(contract.joints.kd)
        link.send(MotorCommand.damping(3.0, contract.num_joints))
        self._state = self._receive(timeout_s=2.0)
        self._rest = np.array(self._state.q, dtype=np.float64)

    def move(self, joint: int, step: float) -> np.ndarray:
        """How far every joint went, rad ``[joints]``, when ``joint`` was told to go by ``step``."""
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
            raise WiggleError(f"broken off: {result.trip}")
        self._link.send(result.command)
        self._state = self._receive(_STATE_TIMEOUT)
        time.sleep(max(0.0, began + _PERIOD - time.monotonic()))

    def _receive(self, timeout_s: float) -> RobotState:
        state: Optional[RobotState] = self._link.receive(timeout_s)
        if state is None:
            raise WiggleError(f"broken off: no state from the robot for {timeout_s:g} s; check the link")
        if state.emergency_stop:
            raise WiggleError("broken off: L2 and B are pressed on the remote")
        return state


def _judge(contract: Contract, joint: int, moved: np.ndarray, step: float) -> Check:
    names = contract.joints.names
    name, own, most = f"wiggle {names[joint]}", float(moved[joint]), int(np.argmax(np.abs(moved)))
    found = f"told to go by {step:+.3f} rad, went by {own:+.3f} rad"
    figures = {"told_rad": step, "went_rad": own}
    if abs(moved[most]) >= _ENOUGH * abs(step) and most != joint:
        found += f", and {names[most]} by {moved[most]:+.3f} rad"
        return failed(name, found, "command and encoder are of different motors: check the order", **figures)
    if own * np.sign(step) <= -_ENOUGH * abs(step):
        return failed(name, found, "command and encoder disagree in sign: do not run this robot", **figures)
    if own * np.sign(step) < _ENOUGH * abs(step):
        remedy = "the joint is blocked or its motor off: feet free? low-level mode?"
        return failed(name, found, remedy, **figures)
    return passed(name, found, **figures)
