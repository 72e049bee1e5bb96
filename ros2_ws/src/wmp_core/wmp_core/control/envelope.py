"""The safety envelope: the one function that every command passes on its way to the motors.

Whatever a policy, a trajectory or a bug asks for, what leaves is finite, its targets lie within the joints'
range, and the torque it implies at the measured state stays within the contract's limits. Clamping is silent
but reported; a trip (a command that is not finite, a state that cannot be, power over its limit) turns into
damping until :meth:`Envelope.reset`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np

from wmp_core.contract import JointContract
from wmp_core.control.command import MotorCommand
from wmp_core.control.pd import torque_limited_targets
from wmp_core.observation import RobotState

# No joint turns or spins this far; readings beyond are a broken sensor or packet.
_IMPLAUSIBLE = 1e3
# N m/rad; weaker is no stiffness, and dividing by it would throw targets to infinity.
_WEAKEST_KP = 1e-3


@dataclass(frozen=True)
class EnvelopeSettings:
    """Limits that the contract does not hold.

    Attributes:
        position_margin: rad that a target may lie beyond a joint's range: policies push this way.
        target_step: rad that a target may move per command; a policy's own steps are smaller.
        max_kp, max_kd: largest gains, N m/rad and N m s/rad.
        power_limit: W, sum of ``|tau * dq|``; leaps of an A1 peak at 870 W.
        power_count: consecutive commands over the limit that trip (the vendor trips on the 6th).
        damping_kd: N m s/rad of the damping after a trip.
    """

    position_margin: float = 0.25
    target_step: float = 0.5
    max_kp: float = 200.0
    max_kd: float = 20.0
    power_limit: float = 1000.0
    power_count: int = 6
    damping_kd: float = 3.0

    def __post_init__(self) -> None:
        for key in ("target_step", "max_kp", "max_kd", "power_limit", "damping_kd"):
            _require(getattr(self, key) > 0, key, getattr(self, key), "a positive finite number")
        _require(0 <= self.position_margin <= 1, "position_margin", self.position_margin, "0..1 rad")
        _require(self.power_count >= 1, "power_count", self.power_count, "at least 1")
        _require(
            self.damping_kd <= self.max_kd, "damping_kd", self.damping_kd, f"at most max_kd {self.max_kd}"
        )


def _require(condition: bool, key: str, value: float, allowed: str) -> None:
    if not (condition and math.isfinite(value)):
        raise ValueError(f"envelope: {key} is {value}, allowed: {allowed}")


@dataclass(frozen=True)
class EnvelopeResult:
    """What may be sent; which limits changed it (gain, position, slew, velocity, torque); why it tripped."""

    command: MotorCommand
    clamped: Tuple[str, ...]
    trip: Optional[str]


class Envelope:
    """Bounds commands for one robot; remembers the last targets, the power count and a trip.

    All arrays are in contract order. Costs some 50 numpy operations on 12 values.
    """

    def __init__(self, joints: JointContract, settings: EnvelopeSettings) -> None:
        self._settings = settings
        self._names = joints.names
        self._lower = np.array(joints.position_lower) - settings.position_margin
        self._upper = np.array(joints.position_upper) + settings.position_margin
        self._velocity_limit = np.array(joints.velocity_limit)
        self._torque_limit = np.array(joints.torque_limit)
        self.reset()

    def reset(self) -> None:
        """Forget a trip; the next target is judged from the measured position."""
        self._last_targets: Optional[np.ndarray] = None
        self._excess = 0
        self._trip: Optional[str] = None

    def apply(self, command: MotorCommand, state: RobotState) -> EnvelopeResult:
        """Bound one command for the given measured state."""
        measured = np.array((state.q, state.dq), dtype=np.float64)
        plausible = bool((np.abs(measured) < _IMPLAUSIBLE).all())
        wanted = np.array((command.q, command.dq, command.tau, command.kp, command.kd), dtype=np.float64)
        if self._trip is None:
            self._trip = self._refusal(wanted, measured, plausible)
        if self._trip is not None:
            return EnvelopeResult(self._damping(measured, plausible), (), self._trip)
        bounded, clamped = self._bound(wanted, measured)
        self._trip = self._power_trip(bounded, measured)
        if self._trip is not None:
            bounded = self._damping(measured, plausible)
        return EnvelopeResult(bounded, clamped, self._trip)

    def _refusal(self, wanted: np.ndarray, measured: np.ndarray, plausible: bool) -> Optional[str]:
        """Why nothing can be made of this command or state."""
        if not plausible:
            row, joint = np.argwhere(~(np.abs(measured) < _IMPLAUSIBLE))[0]
            kind = ("position", "velocity")[row]
            return f"measured {kind} of {self._names[joint]} is {measured[row, joint]:g}: implausible"
        if not np.isfinite(wanted).all():
            row, joint = np.argwhere(~np.isfinite(wanted))[0]
            kind = ("q", "dq", "tau", "kp", "kd")[row]
            return f"commanded {kind} of {self._names[joint]} is {wanted[row, joint]}: not finite"
        return None

    def _bound(self, wanted: np.ndarray, measured: np.ndarray) -> Tuple[MotorCommand, Tuple[str, ...]]:
        settings, limit = self._settings, self._torque_limit
        q_measured, dq_measured = measured
        clamped: List[str] = []

        gains = np.maximum(wanted[3:], 0.0)
        kp, kd = np.minimum(gains[0], settings.max_kp), np.minimum(gains[1], settings.max_kd)
        kp = np.where(kp < _WEAKEST_KP, 0.0, kp)
        if (kp != wanted[3]).any() or (kd != wanted[4]).any():
            clamped.append("gain")

        held = kp > 0
        target = np.minimum(np.maximum(wanted[0], self._lower), self._upper)
        if ((target != wanted[0]) & held).any():
            clamped.append("position")

        # A target of before counts only where one was held; elsewhere the joint itself is the last target.
        last = q_measured if self._last_targets is None else self._last_targets
        last = np.minimum(np.maximum(last, self._lower), self._upper)
        slewed = np.minimum(np.maximum(target, last - settings.target_step), last + settings.target_step)
        if ((slewed != target) & held).any():
            clamped.append("slew")
        self._last_targets = np.where(held, slewed, q_measured)

        dq = np.minimum(np.maximum(wanted[1], -self._velocity_limit), self._velocity_limit)
        if (dq != wanted[1]).any():
            clamped.append("velocity")

        tau = np.minimum(np.maximum(wanted[2], -limit), limit)
        implied = tau + kp * (slewed - q_measured) + kd * (dq - dq_measured)
        if (np.abs(implied) > limit).any() or (tau != wanted[2]).any():
            clamped.append("torque")
        return self._bound_torque(slewed, dq, tau, kp, kd, q_measured, dq_measured), tuple(clamped)

    def _bound_torque(
        self,
        q_des: np.ndarray,
        dq_des: np.ndarray,
        tau: np.ndarray,
        kp: np.ndarray,
        kd: np.ndarray,
        q: np.ndarray,
        dq: np.ndarray,
    ) -> MotorCommand:
        """Keep the implied torque within the limit: first move the target, then, where that is not enough
        (no stiffness, or a target at the end of its range), weaken the whole joint."""
        limit = self._torque_limit
        # A feed-forward torque is a shift of the target by tau / kp.
        shift = np.divide(tau, kp, out=np.zeros_like(tau), where=kp > 0)
        q_des = torque_limited_targets(q_des + shift, q, dq - dq_des, kp, kd, limit) - shift
        q_des = np.minimum(np.maximum(q_des, self._lower), self._upper)
        implied = tau + kp * (q_des - q) + kd * (dq_des - dq)
        weaken = limit / np.maximum(np.abs(implied), limit)
        return MotorCommand(q_des, dq_des, tau * weaken, kp * weaken, kd * weaken)

    def _power_trip(self, command: MotorCommand, measured: np.ndarray) -> Optional[str]:
        power = float(np.abs(command.implied_torque(measured[0], measured[1]) * measured[1]).sum())
        self._excess = self._excess + 1 if power > self._settings.power_limit else 0
        if self._excess < self._settings.power_count:
            return None
        limit = self._settings.power_limit
        return f"power {power:.0f} W is over {limit:.0f} W for the {self._excess}th command in a row"

    def _damping(self, measured: np.ndarray, plausible: bool) -> MotorCommand:
        """Damping, weakened where even it would exceed the torque limit."""
        kd = np.full(len(self._torque_limit), self._settings.damping_kd)
        if plausible:
            kd *= self._torque_limit / np.maximum(kd * np.abs(measured[1]), self._torque_limit)
        return MotorCommand.damping(kd, len(kd))
