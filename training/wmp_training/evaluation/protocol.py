"""The evaluation protocol: commands, time limit, and what counts as success."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``far``: every image shows nothing within range. ``prior``: no image ever arrives.
Blinding = Literal["no", "far", "prior"]
BLINDINGS: tuple[Blinding, ...] = ("no", "far", "prior")


@dataclass(frozen=True)
class Protocol:
    """Settings of an evaluation; all published figures of this project use the defaults.

    Attributes:
        vx: commanded forward speed, m/s.
        distance: forward progress at which an episode ends in success, m; over a pit, firm ground beyond it
            (:mod:`wmp_training.evaluation.finish`).
        duration: time limit, s.
        heading_gain: yaw rate per heading error, 1/s: the command steers back to the track's direction with
            ``-heading_gain * heading`` rad/s; with 0 the commanded yaw rate is zero.
        blind: what replaces the depth image. ``far`` (``wmp eval --blind``) changes nothing else, the
            posterior still sees proprioception, so the difference measures what vision contributes. With
            ``prior``, z always comes from the prior.
        varied: every robot has its own body (friction, payload, masses, motor strength as in training) and
            starts slightly off the centre line and direction of the track. False: the nominal robot, placed
            exactly, as in ``wmp sim``.
    """

    vx: float = 0.6
    distance: float = 6.0
    duration: float = 20.0
    heading_gain: float = 0.8
    blind: Blinding = "no"
    varied: bool = True

    def __post_init__(self) -> None:
        for key in ("vx", "distance", "duration"):
            if not getattr(self, key) > 0:
                raise ValueError(f"protocol: {key} is {getattr(self, key)}, expected a positive number")
        if self.heading_gain < 0:
            raise ValueError(f"protocol: heading_gain is {self.heading_gain}, expected at least 0")
        if self.blind not in BLINDINGS:
            raise ValueError(f"protocol: blind is {self.blind!r}, expected one of {BLINDINGS}")
