"""Reference gaits: foot trajectories under a level body, converted to joint motion.

A gait is defined by the stance phases of the feet (phase offsets and duty factor) and the body's speed. In
stance a foot moves back under the body at that speed; in swing it follows a smooth arc. In gaits that hop,
the body falls freely while all feet are in the air and follows a half sine in stance, so that its velocity
is continuous.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wmp_training.motions.leg import a1_legs

GRAVITY = 9.81
#: Time between frames: one per policy step [s].
FRAME = 0.02


@dataclass(frozen=True)
class Gait:
    """A periodic gait.

    Attributes:
        name: of the motion.
        offsets: phase in [0, 1) by which each leg (FL, FR, RL, RR) is ahead.
        duty: duty factor: share of the period in stance.
        period: a multiple of the frame time [s].
        speed: forward speed [m/s].
        height: of the hips above the ground without hopping [m].
        lift: height of the feet in swing [m].
        stance_width: lateral distance of each foot outwards from the point below its thigh [m].
    """

    name: str
    offsets: tuple[float, float, float, float]
    duty: float
    period: float
    speed: float
    height: float = 0.28
    lift: float = 0.07
    stance_width: float = 0.0

    def __post_init__(self) -> None:
        if not 0.2 <= self.duty <= 0.9:
            raise ValueError(f"gait {self.name}: duty is {self.duty}, expected 0.2..0.9")
        if abs(self.period / FRAME - round(self.period / FRAME)) > 1e-9 or self.period <= 0:
            raise ValueError(f"gait {self.name}: period is {self.period} s, expected a multiple of {FRAME} s")

    @property
    def hops(self) -> bool:
        """Whether all feet leave the ground together."""
        return len(set(self.offsets)) == 1


TROT, PACE, BOUND, PRONK = (
    *((0.0, 0.5, 0.5, 0.0), (0.0, 0.5, 0.0, 0.5)),
    *((0.0, 0.0, 0.5, 0.5), (0.0, 0.0, 0.0, 0.0)),
)

GAITS = (
    Gait("trot_slow", TROT, duty=0.55, period=0.5, speed=0.3),
    Gait("trot", TROT, duty=0.5, period=0.4, speed=0.6),
    Gait("trot_fast", TROT, duty=0.5, period=0.36, speed=0.8),
    Gait("pace", PACE, duty=0.55, period=0.36, speed=0.4, lift=0.05),
    Gait("bound", BOUND, duty=0.5, period=0.36, speed=0.5, lift=0.05),
    Gait("hop", PRONK, duty=0.6, period=0.4, speed=0.0),
    Gait("pronk", PRONK, duty=0.6, period=0.4, speed=0.4),
)


def joint_positions(gait: Gait, phase: np.ndarray) -> np.ndarray:
    """Joint angles [T, 12] rad, contract order, at ``phase`` [T] in periods."""
    # In stance the foot stays on the ground while the body sinks; in the air the legs keep their length.
    reach = gait.height + np.minimum(height_offset(gait, phase), 0.0)
    angles = []
    for leg, offset in zip(a1_legs(), gait.offsets, strict=True):
        forward, lift = _foot(gait, (phase + offset) % 1.0)
        across = np.full_like(phase, leg.side * (leg.offset + gait.stance_width))
        angles.append(leg.angles(np.stack([forward, across, lift - reach], -1)))
    return np.concatenate(angles, -1)


def height_offset(gait: Gait, phase: np.ndarray) -> np.ndarray:
    """Height of the body above its mean height in stance [T], m; 0 for gaits that do not hop."""
    if not gait.hops:
        return np.zeros_like(phase)
    local = (phase + gait.offsets[0]) % 1.0
    stance, flight = gait.duty * gait.period, (1.0 - gait.duty) * gait.period
    takeoff = GRAVITY * flight / 2.0
    time = local * gait.period
    standing = -takeoff * stance / math.pi * np.sin(math.pi * time / stance)
    air = time - stance
    return np.where(local < gait.duty, standing, takeoff * air - GRAVITY * air * air / 2.0)


def _foot(gait: Gait, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Foot position ahead of the hip and above the ground [T], m; in stance while ``phase < duty``."""
    step = gait.speed * gait.duty * gait.period
    stance = step * (0.5 - phase / gait.duty)
    swing = np.clip((phase - gait.duty) / (1.0 - gait.duty), 0.0, 1.0)
    # A cubic that begins and ends at the speed of the ground, so that joint velocities do not jump.
    slope = -gait.speed * (1.0 - gait.duty) * gait.period
    s, t = swing, 1.0 - swing
    ends = 0.5 * step * (s * s * (1 + 2 * t) - t * t * (1 + 2 * s))
    forward = ends + slope * s * t * (t - s)
    standing = phase < gait.duty
    lift = gait.lift * np.sin(math.pi * swing) ** 2
    return np.where(standing, stance, forward), np.where(standing, 0.0, lift)


def frames(gait: Gait) -> np.ndarray:
    """One period of AMP states [T, 30]: q 12, base linear velocity 3, angular velocity 3, dq 12.

    Velocities are central differences over the frame time.
    """
    count = round(gait.period / FRAME)
    phase, half = np.arange(count) / count, 0.5 / count

    dq = (joint_positions(gait, phase + half) - joint_positions(gait, phase - half)) / FRAME
    rise = (height_offset(gait, phase + half) - height_offset(gait, phase - half)) / FRAME
    base = np.stack([np.full(count, gait.speed), np.zeros(count), rise], -1)
    return np.concatenate([joint_positions(gait, phase), base, np.zeros((count, 3)), dq], -1)
