"""Conditions under which the robot must not go on as before: one table, evaluated every cycle."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Dict, NamedTuple, Optional, Tuple

import numpy as np

from wmp_core.contract import LimitsContract
from wmp_core.control.modes import Mode
from wmp_core.rotation import projected_gravity

_DEFAULT_ATTITUDE = 0.6


class Reaction(enum.Enum):
    """What a condition calls for, mildest first."""

    ZERO_COMMAND = "walk on the spot"
    SIT_DOWN = "sit down"
    FAULT = "damp the joints"


@dataclass(frozen=True)
class WatchdogSettings:
    """Limits beyond which a condition trips.

    Attributes:
        state_age: s without a new robot state; the motors of an A1 are controlled at 500 Hz.
        command_age: s without a velocity command.
        latent_age: s that the world model may be behind its tick.
        attitude_margin: rad beyond the largest roll or pitch that the policy may legitimately reach.
    """

    state_age: float = 0.05
    command_age: float = 0.5
    latent_age: float = 0.5
    attitude_margin: float = 0.2

    def __post_init__(self) -> None:
        for key in ("state_age", "command_age", "latent_age", "attitude_margin"):
            value = getattr(self, key)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"watchdog: {key} is {value}, allowed: a finite number from 0")


class Condition(NamedTuple):
    """A measured quantity, its limit, the modes in which it counts, and the reaction."""

    limit: float
    unit: str
    modes: Tuple[Mode, ...]
    reaction: Reaction


class Trip(NamedTuple):
    """A condition that does not hold."""

    name: str
    reaction: Reaction
    measured: float
    limit: float
    unit: str

    def __str__(self) -> str:
        return f"{self.name} is {self.measured:.3g} {self.unit}, limit {self.limit:.3g} {self.unit}"


_ON_LEGS = (Mode.STAND_UP, Mode.STAND, Mode.WALK, Mode.SIT_DOWN)


class Watchdog:
    """Judges measured quantities against the table; holds no state between cycles."""

    def __init__(self, limits: LimitsContract, settings: WatchdogSettings) -> None:
        attitude = _DEFAULT_ATTITUDE if limits.attitude is None else limits.attitude
        walk = (Mode.WALK,)
        self.conditions: Dict[str, Condition] = {
            "state age": Condition(settings.state_age, "s", _ON_LEGS, Reaction.FAULT),
            "attitude": Condition(attitude + settings.attitude_margin, "rad", _ON_LEGS, Reaction.FAULT),
            "latent age": Condition(settings.latent_age, "s", walk, Reaction.SIT_DOWN),
            "command age": Condition(settings.command_age, "s", walk, Reaction.ZERO_COMMAND),
        }

    def check(self, mode: Mode, measured: Dict[str, float]) -> Tuple[Trip, ...]:
        """The conditions that do not hold in ``mode``, in the table's order; a NaN never holds."""
        return tuple(
            Trip(name, condition.reaction, measured[name], condition.limit, condition.unit)
            for name, condition in self.conditions.items()
            if mode in condition.modes and not measured[name] <= condition.limit
        )


def attitude(quat_wxyz: np.ndarray) -> float:
    """The larger of |roll| and |pitch| in rad; NaN where the orientation is not a unit quaternion."""
    if not abs(float(np.dot(quat_wxyz, quat_wxyz)) - 1.0) < 0.1:
        return math.nan
    x, y, z = (float(value) for value in projected_gravity(quat_wxyz))
    return max(abs(math.atan2(-y, -z)), abs(math.asin(max(-1.0, min(1.0, x)))))


def worst(trips: Tuple[Trip, ...], reaction: Reaction) -> Optional[Trip]:
    """The first trip that calls for ``reaction``."""
    return next((trip for trip in trips if trip.reaction is reaction), None)
