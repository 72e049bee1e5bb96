"""The rules of the evaluation: what the robot is asked for, and what counts as success."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``far``: the camera works and sees nothing within its range. ``prior``: no image ever arrives.
Blindness = Literal["no", "far", "prior"]
BLINDNESS: tuple[Blindness, ...] = ("no", "far", "prior")


@dataclass(frozen=True)
class Protocol:
    """Settings of an evaluation; the defaults are what published figures of this project use.

    Attributes:
        vx: commanded forward speed, m/s.
        distance: forward progress that makes an episode a success, m, or firm ground beyond it
            (:mod:`wmp_training.evaluation.finish`); the episode ends there.
        duration: time to make it in, s.
        heading_gain: the operator steers back to the track's direction with ``-heading_gain * heading``
            rad/s; 0 asks for a yaw rate of zero, whatever the heading.
        blind: what replaces the depth image. ``far`` is what ``wmp eval --blind`` means: all else stays as
            it was, the posterior (from proprioception alone) included, so the difference is what vision is
            worth. With ``prior``, z is the prior's throughout.
        varied: every robot has its own body (friction, payload, masses, motor strength as in training) and
            starts a little off the middle and the direction of the track. False: the nominal robot, placed
            exactly, as ``wmp sim`` has it.
    """

    vx: float = 0.6
    distance: float = 6.0
    duration: float = 20.0
    heading_gain: float = 0.8
    blind: Blindness = "no"
    varied: bool = True

    def __post_init__(self) -> None:
        for key in ("vx", "distance", "duration"):
            if not getattr(self, key) > 0:
                raise ValueError(f"protocol: {key} is {getattr(self, key)}, expected a positive number")
        if self.heading_gain < 0:
            raise ValueError(f"protocol: heading_gain is {self.heading_gain}, expected at least 0")
        if self.blind not in BLINDNESS:
            raise ValueError(f"protocol: blind is {self.blind!r}, expected one of {BLINDNESS}")
