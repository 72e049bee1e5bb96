"""Joystick driving: sticks and buttons become velocities and requests while the dead-man switch is held.

Without the dead-man switch the velocity is zero, and the only request is a stop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, FrozenSet, NamedTuple, Optional

import numpy as np

from wmp_core.control.modes import Request

#: The dead-man switch.
DEAD_MAN = "R1"
STOP = frozenset(("L2", "B"))
#: Request of each button while the dead-man switch is held.
REQUESTS: Dict[str, Request] = {"A": Request.STAND_UP, "X": Request.WALK, "Y": Request.SIT_DOWN}


class Pad(NamedTuple):
    """A gamepad: held buttons by their names on an A1's remote; sticks in -1..1, right and up positive."""

    buttons: FrozenSet[str]
    lx: float
    ly: float
    rx: float
    ry: float


@dataclass(frozen=True)
class JoystickSettings:
    """Full deflection in m/s, m/s, rad/s; ``dead_zone``: largest deflection that counts as centred, 0..1."""

    vx: float = 0.8
    vy: float = 0.3
    yaw_rate: float = 1.0
    dead_zone: float = 0.1

    def __post_init__(self) -> None:
        for key in ("vx", "vy", "yaw_rate"):
            value = getattr(self, key)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"joystick: {key} is {value}, allowed: a finite number from 0")
        if not 0 <= self.dead_zone < 1:
            raise ValueError(f"joystick: dead_zone is {self.dead_zone}, allowed from 0 to below 1")


class Joystick:
    """Turns gamepad states into velocities and into one request per button press."""

    def __init__(self, settings: JoystickSettings) -> None:
        self._settings = settings
        self._held: FrozenSet[str] = frozenset()
        self._is_first = True

    def request(self, pad: Pad) -> Optional[Request]:
        """Request of the buttons pressed since the last call; buttons held from the start request nothing."""
        before, self._held = self._held, pad.buttons
        if pad.buttons >= STOP:
            return None if before >= STOP else Request.STOP
        is_first, self._is_first = self._is_first, False
        if is_first or DEAD_MAN not in pad.buttons:
            return None
        return next((request for button, request in REQUESTS.items() if button in pad.buttons - before), None)

    def velocity(self, pad: Pad) -> np.ndarray:
        """vx m/s, vy m/s, yaw rate rad/s: left stick moves, right stick turns; zero without dead-man."""
        settings = self._settings
        if DEAD_MAN not in pad.buttons:
            return np.zeros(3, dtype=np.float32)
        # y of base_link points left, and a positive yaw rate turns left.
        sticks = (settings.vx * self._deflection(pad.ly), -settings.vy * self._deflection(pad.lx))
        return np.array((*sticks, -settings.yaw_rate * self._deflection(pad.rx)), dtype=np.float32)

    def _deflection(self, stick: float) -> float:
        """-1..1, rising from 0 at the edge of the dead zone; a value that is not finite counts as centred."""
        dead = self._settings.dead_zone
        beyond = min(abs(stick), 1.0) - dead if math.isfinite(stick) else 0.0
        return math.copysign(max(0.0, beyond) / (1 - dead), stick)
