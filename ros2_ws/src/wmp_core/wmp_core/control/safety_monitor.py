"""Rules under which the robot must not go on as before: one table, evaluated every cycle."""

from __future__ import annotations

import dataclasses
import enum
import math
from dataclasses import dataclass
from typing import Dict, Mapping, NamedTuple, Optional, Tuple

from wmp_core.calibration import Calibration
from wmp_core.contract import LimitsContract
from wmp_core.control.modes import Mode

_DEFAULT_ATTITUDE = 0.6


class Reaction(enum.Enum):
    """What a rule calls for, mildest first; the values are those of the settings.

    CONTINUE: tell it, change nothing. SLOW: walk on at a limited speed. STAND: walk on the spot, and hold the
    default pose once the robot is calm. SIT: lie down. DAMP: damp the joints at once, and stay in FAULT.
    """

    CONTINUE = "continue"
    SLOW = "slow"
    STAND = "stand"
    SIT = "sit"
    DAMP = "damp"


@dataclass(frozen=True)
class SafetySettings:
    """Limits beyond which a rule trips, each with the reaction it calls for (see :class:`Reaction`).

    Attributes:
        state_age: s without a new robot state; the motors of an A1 are controlled at 500 Hz.
        attitude_margin: rad of roll or pitch beyond what the bundle says that the policy reaches; where it
            says nothing, the limit is 0.6 rad.
        posture_attitude: rad of roll or pitch while standing up and standing, where no leg makes a step that
            could save the robot; pushed over in simulation, it passes 1.2 rad 0.1 s later. Sitting down is
            left to ``attitude``: it may begin in the midst of a climb.
        attitude_rate: rad/s of roll and pitch together, smoothed; beyond the bundle's own figure if it has
            one. For a robot that is thrown: one that tips over its feet may lie before it turns at 6 rad/s.
        attitude_rate_time: s of that smoothing: the shock of a foot that lands is no fall.
        imu_stuck: s for which the IMU has repeated itself to the last bit while the robot walks; a working
            one never does.
        joint_range: rad beyond a joint's range; its stop gives way less, so more is a broken encoder.
        joint_speed: measured speed as a multiple of the contract's limit; leaps exceed 1 for an instant.
        joint_jump: rad that a joint has moved further than ``joint_speed`` allows since the state before: an
            encoder that jumps within the range. 10 ms by which a state is held up on its way are forgiven.
        motor_temperature: degrees Celsius of the hottest motor; the envelope derates before.
        loop_overrun: s by which a cycle came late.
        latent_age: s that the world model may be behind its tick.
        blind_slow, blind_stand: s for which the world model has had no usable depth image. It goes on from
            its prior, which knows the ground that was in view, not what follows it.
        surprise: smoothed ``KL(posterior || prior)`` as a multiple of what the bundle is calibrated to; a
            bundle without that figure never trips.
        surprise_time: s of that smoothing.
        command_age: s without a velocity command.
        joystick_age: s without a sign of life of the joystick, where one is in use.
        recovery: s for which SLOW and STAND go on after their rule has gone.
        slow_speed, slow_yaw_rate: m/s and rad/s that are left in SLOW.
        stand_after: s on the spot before STAND holds the default pose.
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
    """A rule that does not hold; ``where`` names the joint, if it is one's."""

    name: str
    reaction: Reaction
    measured: float
    limit: float
    unit: str
    where: str = ""

    def __str__(self) -> str:
        unit, where = f" {self.unit}".rstrip(), f" of {self.where}" if self.where else ""
        return f"{self.name}{where} is {self.measured:.3g}{unit}, limit {self.limit:.3g}{unit}"


_ON_LEGS = (Mode.STAND_UP, Mode.STAND, Mode.WALK, Mode.SIT_DOWN)
_HELD = (Mode.STAND_UP, Mode.STAND)
_WALKING = (Mode.WALK,)

#: Name of every rule with a reaction of its own, unit, and the modes it counts in.
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
    """Judges measured quantities against the table; remembers which mild reactions are to go on."""

    def __init__(
        self, limits: LimitsContract, settings: SafetySettings, calibration: Optional[Calibration] = None
    ) -> None:
        special = _calibrated_limits(limits, settings, calibration or Calibration())
        self._recovery = settings.recovery
        # The operator's hand on the remote: nothing to choose.
        stop = SafetyRule(0.5, "", _ON_LEGS, Reaction.DAMP)
        self.rules: Dict[str, SafetyRule] = {"emergency stop": stop}
        for name, unit, modes in _TABLE:
            key = name.replace(" ", "_")
            limit = special[name] if name in special else getattr(settings, key)
            reaction = Reaction(getattr(settings, f"{key}_reaction"))
            self.rules[name] = SafetyRule(limit, unit, modes, reaction)
        self._in_mode = {
            mode: [(name, one) for name, one in self.rules.items() if mode in one.modes] for mode in Mode
        }
        self.reset()

    def reset(self) -> None:
        """Forget what has tripped."""
        self._lingering: Dict[str, Tuple[Trip, float]] = {}

    def check(self, mode: Mode, measured: Mapping[str, float], now: float) -> Tuple[Trip, ...]:
        """The rules that call for a reaction in ``mode``, in the table's order; a NaN never holds.

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
    """Limits that the bundle has a say in."""
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


def first(trips: Tuple[Trip, ...], reaction: Reaction) -> Optional[Trip]:
    """The first trip that calls for ``reaction``."""
    return next((trip for trip in trips if trip.reaction is reaction), None)
