"""Requests of a page: JSON objects ``{"do": NAME, ...}``, checked before anything acts on them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

#: Requests that policy_node answers; all but ``stop`` need the page to be the driver.
MODES = ("stop", "stand_up", "walk", "sit_down")
#: Requests about who drives.
ROLES = ("arm", "disarm")
AXES = ("vx", "vy", "yaw")
LARGEST_SPEED = 2.0  # m/s and rad/s; the controller clamps to the range of the bundle
MAX_LENGTH = 512


class RequestError(ValueError):
    """A malformed request; the message says what was expected."""


@dataclass(frozen=True)
class PageRequest:
    """One request.

    Attributes:
        name: one of :data:`MODES`, :data:`ROLES`, ``drive``, ``fault`` or ``push``.
        velocity: of ``drive``: vx, vy [m/s], yaw rate [rad/s].
        fault, on: of ``fault``.
    """

    name: str
    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fault: str = ""
    on: bool = False

    @classmethod
    def parse(cls, text: str | bytes) -> PageRequest:
        """From a message of the page.

        Raises:
            RequestError: it is not a request.
        """
        if not isinstance(text, str) or len(text) > MAX_LENGTH:
            raise RequestError(f"expected text of at most {MAX_LENGTH} characters")
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RequestError("expected JSON") from error
        if not isinstance(content, dict):
            raise RequestError(f"expected an object, found {type(content).__name__}")
        name, values = content.get("do"), {key: value for key, value in content.items() if key != "do"}
        if name in (*MODES, *ROLES, "push"):
            _expect_keys(values, ())
            return cls(str(name))
        if name == "drive":
            _expect_keys(values, AXES)
            vx, vy, yaw = (_speed(axis, values[axis]) for axis in AXES)
            return cls(name, velocity=(vx, vy, yaw))
        if name == "fault":
            _expect_keys(values, ("fault", "on"))
            if not isinstance(values["fault"], str) or not isinstance(values["on"], bool):
                raise RequestError("expected fault: a name, and on: true or false")
            return cls(name, fault=values["fault"], on=values["on"])
        raise RequestError(f"unknown request {name!r}")


def _expect_keys(values: dict[str, Any], keys: tuple[str, ...]) -> None:
    if set(values) != set(keys):
        raise RequestError(f"expected the keys {sorted(keys)}, found {sorted(values)}")


def _speed(axis: str, value: Any) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (is_number and math.isfinite(value) and abs(value) <= LARGEST_SPEED):
        raise RequestError(f"{axis} is {value!r}, expected a number within +-{LARGEST_SPEED:g}")
    return float(value)
