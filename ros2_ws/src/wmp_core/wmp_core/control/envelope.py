"""The safety envelope, which every command passes on its way to the motors.

Whatever a policy, a trajectory or a bug requests, the result is finite, its targets are within the joint
limits plus a margin, and the torque it implies at the measured state is within the contract's effort limits.
The limits are lower for a hot motor, and where all motors together would take too much power. Clamping is
reported in the result. A trip (a command that is not finite, an implausible state, too much measured power)
becomes damping until :meth:`Envelope.reset`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np

from wmp_core.contract import JointContract
from wmp_core.control.command import MotorCommand
from wmp_core.control.damping import IMPLAUSIBLE, damping_gain
from wmp_core.control.power import mechanical_power, power_share
from wmp_core.robot_state import RobotState

# N m; a torque set to its limit may exceed it by rounding.
_ROUNDING = 1e-9

# Rows of the array that is checked at once: the command, then the measured state.
_Q, _DQ, _TAU, _KP, _KD, _MEASURED_Q, _MEASURED_DQ = range(7)
_GAINS = slice(_KP, _KD + 1)
_STRENGTH = slice(_TAU, _KD + 1)
_QUANTITIES = ("q", "dq", "tau", "kp", "kd", "position", "velocity")
_CLAMPS = ("position", "velocity", "torque", "gain", "gain")


@dataclass(frozen=True)
class EnvelopeSettings:
    """Limits beyond those of the contract.

    Attributes:
        position_margin: maximum excess of a target over a joint limit, rad; see :class:`Envelope`.
        target_step: maximum change of a target per command, rad; a policy's own steps are smaller.
        max_kp, max_kd: maximum gains, N m/rad and N m s/rad.
        kp_step, kd_step: resolution of the gains on the wire, by default an A1's. Gains are rounded down to
            it before the torque is checked, so that the check sees what the motors get.
        derate_from, derate_to: temperatures in degrees Celsius between which a motor's torque limit falls
            linearly.
        derate_rest: share of the torque limit from ``derate_to`` on; enough to sit down.
        power_limit: maximum sum of ``|tau * dq|`` in W that a command may imply at the measured velocities;
            above it, the torques of all joints are scaled by the same factor. Policies are trained with it.
        power_trip: maximum of the same sum of measured torques in W, at least ``power_limit``; motors above
            it do not follow their commands.
        power_count: number of consecutive states over ``power_trip`` that trips (6 in the vendor's
            protection). A repeated state counts once.
        damping_kd: gain of the damping after a trip, N m s/rad.
    """

    position_margin: float = 2.0
    target_step: float = 0.5
    max_kp: float = 200.0
    max_kd: float = 20.0
    kp_step: float = 1 / 32
    kd_step: float = 1 / 16
    derate_from: float = 60.0
    derate_to: float = 80.0
    derate_rest: float = 0.3
    power_limit: float = 900.0
    power_trip: float = 1000.0
    power_count: int = 6
    damping_kd: float = 3.0

    def __post_init__(self) -> None:
        positive = ("target_step", "max_kp", "max_kd", "kp_step", "kd_step", "derate_from", "derate_rest")
        for key in (*positive, "power_limit", "power_trip", "damping_kd"):
            _require(getattr(self, key) > 0, key, getattr(self, key), "a positive finite number")
        _require(0 <= self.position_margin <= 2, "position_margin", self.position_margin, "0..2 rad")
        _require(
            self.derate_from < self.derate_to,
            "derate_to",
            self.derate_to,
            f"above derate_from {self.derate_from}",
        )
        _require(self.derate_rest <= 1, "derate_rest", self.derate_rest, "above 0 to 1")
        _require(
            self.power_trip >= self.power_limit,
            "power_trip",
            self.power_trip,
            f"at least power_limit {self.power_limit}",
        )
        _require(self.power_count >= 1, "power_count", self.power_count, "at least 1")
        _require(
            self.damping_kd <= self.max_kd, "damping_kd", self.damping_kd, f"at most max_kd {self.max_kd}"
        )


def _require(condition: bool, key: str, value: float, allowed: str) -> None:
    if not (condition and math.isfinite(value)):
        raise ValueError(f"envelope: {key} is {value}, allowed: {allowed}")


@dataclass(frozen=True)
class EnvelopeResult:
    """The command, what clamped it (gain, position, slew, velocity, torque, power), and the trip's reason."""

    command: MotorCommand
    clamped: Tuple[str, ...]
    trip: Optional[str]


class Envelope:
    """Bounds commands for one robot; remembers the last targets, the power count and a trip.

    All arrays are in contract order. Training clamps torques and never targets, and a policy pushes against a
    joint's stop with a target beyond it. Therefore a target may exceed a joint limit as far as that changes
    the torque: at a stop, and at any speed within the velocity limit, the torque reaches its limit with a
    target ``(torque_limit + kd * velocity_limit) / kp`` beyond the stop (1.4 to 1.9 rad for an A1); every
    target further out means the same torque. ``position_margin`` may allow less.

    All checks run on one array of 7 x 12 values: at this size the number of numpy calls determines the cost.
    """

    def __init__(self, joints: JointContract, settings: EnvelopeSettings) -> None:
        self._settings = settings
        self._names = joints.names
        count = len(joints.names)
        self._torque_limit = np.array(joints.torque_limit)
        velocity = np.array(joints.velocity_limit)
        reach = (self._torque_limit + np.array(joints.kd) * velocity) / np.array(joints.kp)
        margin = np.minimum(settings.position_margin, reach)
        zeros, implausible = np.zeros(count), np.full(count, IMPLAUSIBLE)
        max_kp, max_kd = np.full(count, settings.max_kp), np.full(count, settings.max_kd)
        lower, upper = np.array(joints.position_lower) - margin, np.array(joints.position_upper) + margin
        symmetric = [velocity, self._torque_limit]
        self._upper = np.array([upper, *symmetric, max_kp, max_kd, implausible, implausible])
        self._lower = np.array(
            [lower, -velocity, -self._torque_limit, zeros, zeros, -implausible, -implausible]
        )
        self._gain_step = np.array([[settings.kp_step], [settings.kd_step]])
        self._requested = np.zeros((7, count))
        self.reset()

    def reset(self) -> None:
        """Forget a trip; the slew of the next target starts from the measured position."""
        self._last_targets: Optional[np.ndarray] = None
        self._last_power_state: Optional[RobotState] = None
        self._power_violations = 0
        self._trip: Optional[str] = None

    @property
    def extremes(self) -> Tuple[MotorCommand, MotorCommand]:
        """The lowest and the highest command that can result; a link must be able to send both."""
        low, high = self._lower, self._upper
        return (
            MotorCommand(low[_Q], low[_DQ], low[_TAU], high[_KP], high[_KD]),
            MotorCommand(*high[: _KD + 1]),
        )

    def apply(self, command: MotorCommand, state: RobotState) -> EnvelopeResult:
        """Limit one command at the given measured state."""
        requested = self._requested
        requested[_Q], requested[_DQ], requested[_TAU] = command.q, command.dq, command.tau
        requested[_KP], requested[_KD] = command.kp, command.kd
        requested[_MEASURED_Q], requested[_MEASURED_DQ] = state.q, state.dq
        limit = self._limit_at(state.motor_temperature)

        bounded = np.maximum(requested, self._lower)
        np.minimum(bounded, self._upper, out=bounded)
        unchanged = bounded == requested  # False for a NaN
        clamped: List[str] = []
        if not _all(unchanged):
            self._trip = self._trip or self._trip_reason(requested, unchanged)
            names = [name for row, name in enumerate(_CLAMPS) if not unchanged[row].all()]
            clamped = list(dict.fromkeys(names))
        if self._trip is None:
            self._check_power(state)
        if self._trip is None:
            self._limit_command(bounded, limit, clamped)
        if self._trip is not None:
            return EnvelopeResult(self._damping(state.dq, limit), (), self._trip)
        return EnvelopeResult(MotorCommand(*bounded[: _KD + 1]), tuple(clamped), None)

    def _limit_at(self, temperature: Optional[np.ndarray]) -> np.ndarray:
        """Torque limits at these motor temperatures; a NaN counts as hot."""
        settings = self._settings
        if temperature is None or _all(temperature <= settings.derate_from):
            return self._torque_limit
        coolness = (settings.derate_to - temperature) / (settings.derate_to - settings.derate_from)
        share = np.fmin(np.fmax(coolness, 0.0), 1.0)
        return self._torque_limit * (settings.derate_rest + (1 - settings.derate_rest) * share)

    def _trip_reason(self, requested: np.ndarray, unchanged: np.ndarray) -> Optional[str]:
        """Reason to trip on this command or state, if any."""
        for row in (_MEASURED_Q, _MEASURED_DQ):
            if not unchanged[row].all():
                joint = int(np.argmin(unchanged[row]))
                what = f"measured {_QUANTITIES[row]} of {self._names[joint]}"
                return f"{what} is {requested[row, joint]:g}: implausible"
        if not np.isfinite(requested).all():
            row, joint = np.argwhere(~np.isfinite(requested))[0]
            return (
                f"commanded {_QUANTITIES[row]} of {self._names[joint]} is {requested[row, joint]}: not finite"
            )
        return None

    def _limit_command(self, bounded: np.ndarray, limit: np.ndarray, clamped: List[str]) -> None:
        """Limit slew, torque and power; the single values are within their limits already."""
        self._round_gains(bounded)
        self._slew(bounded, clamped)
        implied = _implied_torque(bounded)
        if not _all(np.abs(implied) <= limit):
            if "torque" not in clamped:
                clamped.append("torque")
            implied = self._limit_torque(bounded, implied, limit)
        dq, power_limit = bounded[_MEASURED_DQ], self._settings.power_limit
        if mechanical_power(implied, dq) > power_limit:
            clamped.append("power")
            self._limit_torque(bounded, implied, np.abs(implied) * power_share(implied, dq, power_limit))

    def _round_gains(self, bounded: np.ndarray) -> None:
        gains = bounded[_GAINS]
        gains /= self._gain_step
        np.floor(gains, out=gains)
        gains *= self._gain_step

    def _slew(self, bounded: np.ndarray, clamped: List[str]) -> None:
        target, measured, step = bounded[_Q], bounded[_MEASURED_Q], self._settings.target_step
        # Without a previous target the measured position takes its place.
        last = self._within_range(measured) if self._last_targets is None else self._last_targets
        held, is_near = bounded[_KP] > 0, np.abs(target - last) <= step
        if not _all(is_near):
            target[:] = np.minimum(np.maximum(target, last - step), last + step)
            if not _all(is_near | ~held):
                clamped.append("slew")
        self._last_targets = np.where(held, target, self._within_range(measured))

    def _limit_torque(self, bounded: np.ndarray, implied: np.ndarray, limit: np.ndarray) -> np.ndarray:
        """Bring the implied torque within ``limit`` and return it.

        First the target moves. Where that is not enough (no stiffness, or a target at the end of its range),
        the joint's torque and gains are scaled down.
        """
        kp = bounded[_KP]
        stiff = np.where(kp > 0, kp, np.inf)
        bounded[_Q] = self._within_range(bounded[_Q] - _excess(implied, limit) / stiff)
        implied = _implied_torque(bounded)
        tolerated = limit + _ROUNDING
        if _all(np.abs(implied) <= tolerated):
            return implied
        bounded[_STRENGTH] *= tolerated / np.maximum(np.abs(implied), tolerated)
        self._round_gains(bounded)
        # Rounded gains may no longer cancel; the feed-forward torque compensates if it can.
        bounded[_TAU] -= _excess(_implied_torque(bounded), limit)
        implied = _implied_torque(bounded)
        within = (np.abs(bounded[_TAU]) <= limit) & (np.abs(implied) <= tolerated)
        bounded[_STRENGTH] *= within
        return implied * within

    def _within_range(self, q: np.ndarray) -> np.ndarray:
        return np.minimum(np.maximum(q, self._lower[_Q]), self._upper[_Q])

    def _check_power(self, state: RobotState) -> None:
        if state is self._last_power_state:
            return
        self._last_power_state = state
        power, settings = float(mechanical_power(state.tau_est, state.dq)), self._settings
        # A NaN is not within the limit.
        self._power_violations = 0 if power <= settings.power_trip else self._power_violations + 1
        if self._power_violations >= settings.power_count:
            figures = f"{power:.0f} W is over {settings.power_trip:.0f} W"
            self._trip = f"measured power {figures} for the {self._power_violations}th time in a row"

    def _damping(self, velocity: np.ndarray, limit: np.ndarray) -> MotorCommand:
        settings = self._settings
        kd = damping_gain(settings.damping_kd, velocity, limit, settings.power_limit)
        return MotorCommand.damping(np.floor(kd / settings.kd_step) * settings.kd_step, len(kd))


def _all(holds: np.ndarray) -> bool:
    """``holds.all()`` in a tenth of the time."""
    return np.count_nonzero(holds) == holds.size


def _implied_torque(bounded: np.ndarray) -> np.ndarray:
    stiffness = bounded[_KP] * (bounded[_Q] - bounded[_MEASURED_Q])
    return bounded[_TAU] + stiffness + bounded[_KD] * (bounded[_DQ] - bounded[_MEASURED_DQ])


def _excess(torque: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Signed part of ``torque`` beyond ``+-limit``."""
    return torque - np.minimum(np.maximum(torque, -limit), limit)
