"""Safety monitor: a table of rules, each with a limit and a reaction, evaluated in every cycle."""

from __future__ import annotations

import dataclasses
import enum
import math
from dataclasses import dataclass
from typing import Dict, Mapping, NamedTuple, Optional, Tuple

from wmp_core.calibration import Calibration
from wmp_core.contract import LimitsContract
from wmp_core.control.modes import Mode

# rad; for bundles that state no attitude.
_DEFAULT_ATTITUDE = 0.6


class Reaction(enum.Enum):
    """Reaction to a trip, mildest first; the values are those of the settings.

    CONTINUE: report only. SLOW: walk on at a limited speed. STAND: walk on the spot, then hold the default
    pose once the robot is at rest. SIT: sit down. DAMP: damp the joints at once and stay in FAULT.
    """

    CONTINUE = "continue"
    SLOW = "slow"
    STAND = "stand"
    SIT = "sit"
    DAMP = "damp"


@dataclass(frozen=True)
class SafetySettings:
    """Limit of each rule, above which it trips, and its reaction (see :class:`Reaction`).

    Attributes:
        state_age: maximum age of the robot state, s; an A1's motors are controlled at 500 Hz.
        attitude_margin: roll or pitch in rad beyond the attitude that the bundle states for the policy; if it
            states none, the limit is 0.6 rad.
        posture_attitude: maximum roll or pitch while standing up and standing, rad. No step can save
            the robot there: pushed over in simulation, it passes 1.2 rad 0.1 s later. Sitting down may start
            in a climb and has only the ``attitude`` rule.
        attitude_rate: maximum smoothed rate of roll and pitch together, rad/s; the bundle's figure if that is
            larger. It detects a robot that is thrown: one that tips over its feet may be on the ground before
            it turns at 6 rad/s.
        attitude_rate_time: time constant of that smoothing, s; the shock of a landing foot is not a fall.
        imu_stuck: maximum time in s for which the IMU repeats the same bits while the robot walks; a working
            IMU never does.
        joint_range: maximum excess over a joint limit, rad; the mechanical stop yields less, so more means a
            broken encoder.
        joint_speed: maximum measured speed as a multiple of the contract's limit; leaps exceed 1 briefly.
        joint_jump: maximum motion in rad since the last state beyond what ``joint_speed`` allows: detects an
            encoder that jumps within the joint limits. The default allows for states delayed by 10 ms.
        motor_temperature: maximum temperature of the hottest motor, degrees Celsius; the envelope derates
            earlier.
        loop_overrun: maximum delay of a cycle, s.
        latent_age: maximum delay of the latent behind its tick, s.
        blind_slow, blind_stand: maximum time in s without a usable depth image. The world model continues
            from its prior, which knows the ground that was in view and not what follows it.
        surprise: maximum smoothed ``KL(posterior || prior)`` as a multiple of the bundle's calibration; never
            trips for a bundle without one.
        surprise_time: time constant of that smoothing, s.
        command_age: maximum age of the velocity command, s.
        joystick_age: maximum age of the joystick's last message, s, if a joystick is in use.
        recovery: time in s for which SLOW and STAND continue after their rule holds again.
        slow_speed, slow_yaw_rate: maximum velocities in SLOW, m/s and rad/s.
        stand_after: time in s on the spot before STAND holds the default pose.
    """

    state_age: float = 0.05
    state_age_reaction: str = "damp"
    attitude_margin: float = 0.2
    attitude_reaction: str = "damp"
    posture_attitude: float = 0.8
    posture_attitude_reaction: str = "damp"
    attitude_rate: float = 8.0
    attitude_rate_reaction: str = "damp"
    attitude_rate_time: float = 0.03
    imu_stuck: float = 0.1
    imu_stuck_reaction: str = "sit"
    joint_range: float = 0.2
    joint_range_reaction: str = "damp"
    joint_speed: float = 1.5
    joint_speed_reaction: str = "damp"
    joint_jump: float = 0.3
    joint_jump_reaction: str = "damp"
    motor_temperature: float = 75.0
    motor_temperature_reaction: str = "sit"
    loop_overrun: float = 0.04
    loop_overrun_reaction: str = "stand"
    latent_age: float = 0.5
    latent_age_reaction: str = "sit"
    blind_slow: float = 0.5
    blind_slow_reaction: str = "slow"
    blind_stand: float = 2.0
    blind_stand_reaction: str = "stand"
    surprise: float = 1.0
    surprise_reaction: str = "slow"
    surprise_time: float = 0.5
    command_age: float = 0.5
    command_age_reaction: str = "stand"
    joystick_age: float = 0.5
    joystick_age_reaction: str = "stand"
    recovery: float = 0.5
    slow_speed: float = 0.3
    slow_yaw_rate: float = 0.5
    stand_after: float = 2.0

    def __post_init__(self) -> None:
        reactions = [reaction.value for reaction in Reaction]
        for field in dataclasses.fields(self):
            key, value = field.name, getattr(self, field.name)
            if key.endswith("_reaction"):
                if value not in reactions:
                    raise ValueError(f"safety: {key} is {value!r}, allowed: {', '.join(reactions)}")
            elif not (math.isfinite(value) and value >= 0):
                raise ValueError(f"safety: {key} is {value}, allowed: a finite number from 0")


class SafetyRule(NamedTuple):
    """``measured <= limit`` must hold in ``modes``."""

    limit: float
    unit: str
    modes: Tuple[Mode, ...]
    reaction: Reaction


class Trip(NamedTuple):
    """A rule that does not hold; ``where`` names the joint if the rule is about one, ``found`` says in words
    what numbers cannot."""

    name: str
    reaction: Reaction
    measured: float
    limit: float
    unit: str
    where: str = ""
    found: str = ""

    def __str__(self) -> str:
        if self.found:
            return f"{self.name}: {self.found}"
        unit, where = f" {self.unit}".rstrip(), f" of {self.where}" if self.where else ""
        return f"{self.name}{where} is {self.measured:.3g}{unit}, limit {self.limit:.3g}{unit}"


_ON_LEGS = (Mode.STAND_UP, Mode.STAND, Mode.WALK, Mode.SIT_DOWN)
_HELD = (Mode.STAND_UP, Mode.STAND)
_WALKING = (Mode.WALK,)

#: Rules that always damp at once: the operator's emergency stop on the remote; motors that do not follow
#: commands (the robot itself says so in a frame with a checksum, and no later frame makes it harmless); a
#: robot whose computer restarted, whose motors no longer hold a command.
_FIXED = ("emergency stop", "servo", "restart")
#: Name, unit and modes of every rule with a configurable reaction.
_TABLE: Tuple[Tuple[str, str, Tuple[Mode, ...]], ...] = (
    ("state age", "s", _ON_LEGS),
    ("attitude", "rad", _ON_LEGS),
    ("posture attitude", "rad", _HELD),
    ("attitude rate", "rad/s", _ON_LEGS),
    ("imu stuck", "s", _WALKING),
    ("joint range", "rad", _ON_LEGS),
    ("joint speed", "", _ON_LEGS),
    ("joint jump", "rad", _ON_LEGS),
    ("motor temperature", "degrees", _ON_LEGS),
    ("loop overrun", "s", _WALKING),
    ("latent age", "s", _WALKING),
    ("blind slow", "s", _WALKING),
    ("blind stand", "s", _WALKING),
    ("surprise", "nats", _WALKING),
    ("command age", "s", _WALKING),
    ("joystick age", "s", _WALKING),
)


class SafetyMonitor:
    """Compares measured quantities with their limits; mild reactions outlast their cause (``recovery``)."""

    def __init__(
        self, limits: LimitsContract, settings: SafetySettings, calibration: Optional[Calibration] = None
    ) -> None:
        special = _calibrated_limits(limits, settings, calibration or Calibration())
        self._recovery = settings.recovery
        self.rules: Dict[str, SafetyRule] = dict.fromkeys(
            _FIXED, SafetyRule(0.5, "", _ON_LEGS, Reaction.DAMP)
        )
        for name, unit, modes in _TABLE:
            key = name.replace(" ", "_")
            limit = special[name] if name in special else getattr(settings, key)
            reaction = Reaction(getattr(settings, f"{key}_reaction"))
            self.rules[name] = SafetyRule(limit, unit, modes, reaction)
        self._in_mode = {
            mode: [(name, rule) for name, rule in self.rules.items() if mode in rule.modes] for mode in Mode
        }
        self.reset()

    def reset(self) -> None:
        """Forget earlier trips."""
        self._lingering: Dict[str, Tuple[Trip, float]] = {}

    def check(self, mode: Mode, measured: Mapping[str, float], now: float) -> Tuple[Trip, ...]:
        """The tripped rules in ``mode``, in the table's order; a NaN trips its rule.

        Args:
            measured: a value for every rule.
            now: s.
        """
        trips = []
        for name, rule in self._in_mode[mode]:
            if not measured[name] <= rule.limit:
                trip = Trip(name, rule.reaction, measured[name], rule.limit, rule.unit)
                self._lingering[name] = (trip, now + self._recovery)
                trips.append(trip)
            elif name in self._lingering and rule.reaction in (Reaction.SLOW, Reaction.STAND):
                trip, until = self._lingering[name]
                if now < until:
                    trips.append(trip)
        return tuple(trips)


def _calibrated_limits(
    limits: LimitsContract, settings: SafetySettings, calibration: Calibration
) -> Dict[str, float]:
    """Limits that depend on the bundle."""
    attitude = limits.attitude
    rate = settings.attitude_rate
    if calibration.attitude_rate is not None:
        rate = max(rate, calibration.attitude_rate)
    surprise = math.inf if calibration.surprise is None else settings.surprise * calibration.surprise
    return {
        "attitude": _DEFAULT_ATTITUDE if attitude is None else attitude + settings.attitude_margin,
        "attitude rate": rate,
        "surprise": surprise,
    }


def first_trip(trips: Tuple[Trip, ...], reaction: Reaction) -> Optional[Trip]:
    """The first trip with this reaction."""
    return next((trip for trip in trips if trip.reaction is reaction), None)
