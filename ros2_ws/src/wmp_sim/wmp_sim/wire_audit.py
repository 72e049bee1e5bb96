"""Judges what arrives on the wire against the contract, independently of the envelope that sent it."""

from __future__ import annotations

from collections import deque

import numpy as np

from wmp_core.contract import JointContract
from wmp_core.control.command import MotorCommand
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.robot_state import RobotState

#: Rounding by the protocol (1/256 N m, float32) and the motors [N m].
TOLERANCE = 0.05


class WireAudit:
    """Counts commands that the safety envelope should have limited.

    A controller knows only the states that have reached it. The torque and power that a command implies must
    be within the limits at one of the last ``memory`` of these states; in lockstep, at the last one.

    Args:
        joints: the contract's.
        settings: limits that the contract does not contain.
        memory: number of states.
    """

    def __init__(self, joints: JointContract, settings: EnvelopeSettings, memory: int) -> None:
        reach = settings.position_margin + TOLERANCE
        self._lower = np.array(joints.position_lower) - reach
        self._upper = np.array(joints.position_upper) + reach
        self._velocity = np.array(joints.velocity_limit)
        self._torque = np.array(joints.torque_limit)
        self._settings = settings
        self._known: deque[RobotState] = deque(maxlen=memory)
        self.commands = 0
        self.outside = 0
        self.first_violation = ""

    def on_state(self, state: RobotState) -> None:
        """Add a state that is about to reach the controller."""
        self._known.append(state)

    def on_command(self, command: MotorCommand) -> None:
        """Check a command of the controller."""
        self.commands += 1
        violation = self._violation(command)
        if violation:
            self.outside += 1
            self.first_violation = self.first_violation or violation

    def _violation(self, command: MotorCommand) -> str:
        settings, holds = self._settings, command.kp > 0
        values = np.array([command.q, command.dq, command.tau, command.kp, command.kd])
        if not np.isfinite(values).all():
            return "not finite"
        if (holds & ((command.q < self._lower) | (command.q > self._upper))).any():
            return "position"
        if ((command.kd > 0) & (np.abs(command.dq) > self._velocity)).any():
            return "velocity"
        highest = np.array([[settings.max_kp], [settings.max_kd]])
        if ((values[3:] < 0) | (values[3:] > highest)).any():
            return "gain"
        if not self._known:
            return "stiffness before any state" if holds.any() else ""
        least = np.inf
        for state in reversed(self._known):  # nearly always the newest one
            least = min(least, self._excess(command, state))
            if least <= TOLERANCE:
                return ""
        return f"torque or power, {least:.2f} N m too much"

    def _excess(self, command: MotorCommand, state: RobotState) -> float:
        """Excess of the implied torque over its limit at ``state`` [N m], or, if larger, the reduction of all
        joint torques that the power limit requires; 0 if the state is NaN."""
        torque = np.abs(command.implied_torque(state.q, state.dq))
        excess = np.fmax.reduce(torque - self._torque * self._share_left(state))
        if np.isnan(excess):
            return 0.0
        speed = np.fmax(np.abs(state.dq), 0.0)
        too_much_power = np.dot(np.fmax(torque, 0.0), speed) - self._settings.power_limit
        return float(max(excess, too_much_power / max(speed.sum(), 1.0)))

    def _share_left(self, state: RobotState) -> np.ndarray:
        settings = self._settings
        if state.motor_temperature is None:
            return np.ones(len(self._torque))
        span = settings.derate_to - settings.derate_from
        coolness = np.minimum(np.maximum((settings.derate_to - state.motor_temperature) / span, 0.0), 1.0)
        return settings.derate_rest + (1.0 - settings.derate_rest) * coolness
