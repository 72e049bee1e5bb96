"""The evaluation protocol: commands, time limit, and what counts as success."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``far``: every image shows nothing within range. ``prior``: no image ever arrives.
Blinding = Literal["no", "far", "prior"]
BLINDINGS: tuple[Blinding, ...] = ("no", "far", "prior")
#: ``mujoco`` is this project's simulator; the others have their own engine or model of the A1.
Simulator = Literal["mujoco", "pybullet", "menagerie"]
SIMULATORS: tuple[Simulator, ...] = ("mujoco", "pybullet", "menagerie")
OWN: Simulator = "mujoco"
#: Held-out seeds for the figures of a release; no checkpoint and no setting is chosen by them.
RELEASE_SEEDS = (7001, 7002)


@dataclass(frozen=True)
class Protocol:
    """Settings of an evaluation; all published figures of this project use the defaults.

    Attributes:
        vx: commanded forward speed, m/s; with 0 the robot stands.
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
            exactly, as in ``wmp sim``. Independent simulators vary only the start.
        simulator: the simulator in which the policy walks.
    """

    vx: float = 0.6
    distance: float = 6.0
    duration: float = 20.0
    heading_gain: float = 0.8
    blind: Blinding = "no"
    varied: bool = True
    simulator: Simulator = OWN

    def __post_init__(self) -> None:
        for key in ("distance", "duration"):
            if not getattr(self, key) > 0:
                raise ValueError(f"protocol: {key} is {getattr(self, key)}, expected a positive number")
        for key in ("vx", "heading_gain"):
            if not getattr(self, key) >= 0:
                raise ValueError(f"protocol: {key} is {getattr(self, key)}, expected at least 0")
        if self.blind not in BLINDINGS:
            raise ValueError(f"protocol: blind is {self.blind!r}, expected one of {BLINDINGS}")
        if self.simulator not in SIMULATORS:
            raise ValueError(f"protocol: simulator is {self.simulator!r}, expected one of {SIMULATORS}")
