"""Gait on flat ground: what the feet and the body do while a robot walks 10 m that nobody steers."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, fields

import numpy as np
from torch import Tensor

from wmp_sim.a1 import FOOT_RADIUS
from wmp_training.env.environment import Observation
from wmp_training.motions.leg import Leg, a1_legs
from wmp_training.sim.backend import RobotStates

#: Commanded speeds, m/s; 0 is standing.
SPEEDS = (0.0, 0.3, 0.55, 0.8)
#: Distance of a walk [m], and time limit of standing [s].
DISTANCE, STANDING = 10.0, 10.0
#: The first second does not count, s.
START_UP = 1.0
#: A foot with more force stands, N; a shorter loss of contact is no swing, s.
STANDING_FORCE, SHORTEST_SWING = 5.0, 0.05


@dataclass(frozen=True)
class Gait:
    """Gait of one robot or the summary of several; a figure that does not exist is NaN.

    Attributes:
        clearance: mean height of the underside of each foot at the top of its swings (FL, FR, RL, RR), m.
        duty: share of the time in which each foot stands.
        asymmetry: larger relative difference of the duty factors left and right, of the front and rear feet.
        roll, pitch: magnitude of the mean, rad.
        slip: mean horizontal speed of standing feet where they touch the ground, m/s.
        drift: largest distance from the straight line along the first heading, or of a standing robot from
            its first position, m.
    """

    clearance: tuple[float, float, float, float]
    duty: tuple[float, float, float, float]
    asymmetry: float
    roll: float
    pitch: float
    slip: float
    drift: float


class GaitRecorder:
    """Records the states of all robots; pass it to ``run_trials`` as ``watch``."""

    def __init__(self) -> None:
        self._states: list[RobotStates] = []

    def __call__(self, states: RobotStates, observation: Observation, action: Tensor) -> None:
        copies = {field.name: getattr(states, field.name).clone() for field in fields(states)}
        self._states.append(RobotStates(**copies))

    def gait(self, robot: int, duration: float, period: float, walking: bool) -> Gait:
        """Gait of ``robot`` in its episode of ``duration`` s; the states are ``period`` s apart."""
        ticks = self._states[: round(duration / period)]

        def rows(name: str) -> np.ndarray:
            return np.array([getattr(states, name)[robot].numpy() for states in ticks], dtype=np.float64)

        names = ("position", "quat", "linear_velocity", "angular_velocity", "q", "dq", "foot_force")
        return measure_gait(Walk(*(rows(name) for name in names)), period, walking)


@dataclass(frozen=True)
class Walk:
    """States of one robot over T control periods; frames and units as in ``RobotStates``."""

    position: np.ndarray
    quat: np.ndarray
    linear_velocity: np.ndarray
    angular_velocity: np.ndarray
    q: np.ndarray
    dq: np.ndarray
    foot_force: np.ndarray

    def since(self, tick: int) -> Walk:
        """The walk from ``tick`` on."""
        return Walk(*(getattr(self, field.name)[tick:] for field in fields(self)))


def measure_gait(walk: Walk, period: float, walking: bool) -> Gait:
    """Gait of ``walk`` on flat ground at z = 0; its states are ``period`` s apart."""
    drift, counted = _drift(walk, walking), walk.since(round(START_UP / period))
    if not len(counted.position):
        return Gait((math.nan,) * 4, (math.nan,) * 4, math.nan, math.nan, math.nan, math.nan, drift)
    height, velocity = feet(counted)
    stands = np.linalg.norm(counted.foot_force, axis=-1) > STANDING_FORCE
    duty = stands.mean(0)
    speed = np.hypot(velocity[..., 0], velocity[..., 1])
    roll, pitch = _tilt(counted.quat)
    shortest = math.ceil(SHORTEST_SWING / period)
    clearance = [_clearance(height[:, leg], stands[:, leg], shortest) for leg in range(4)]
    return Gait(
        clearance=tuple(clearance),  # type: ignore[arg-type]
        duty=tuple(duty.tolist()),
        asymmetry=max(_difference(duty[0], duty[1]), _difference(duty[2], duty[3])) if walking else math.nan,
        roll=abs(float(roll.mean())),
        pitch=abs(float(pitch.mean())),
        slip=float(speed[stands].mean()) if stands.any() else math.nan,
        drift=drift,
    )


def feet(walk: Walk) -> tuple[np.ndarray, np.ndarray]:
    """Height of the underside of each foot [T, 4], m, and velocity of its lowest point [T, 4, 3], m/s.

    Both in the world frame. The lowest point is a point of the calf: it rests while a foot rolls.
    """
    rotation = _rotation(walk.quat)
    heights, velocities = [], []
    for number, leg in enumerate(a1_legs()):
        joints = slice(3 * number, 3 * number + 3)
        foot = leg.foot(walk.q[:, joints]) + leg.hip
        spin, velocity = _leg_motion(leg, walk.q[:, joints], walk.dq[:, joints])
        velocity = walk.linear_velocity + np.cross(walk.angular_velocity, foot) + velocity
        spin = np.einsum("tij,tj->ti", rotation, walk.angular_velocity + spin)
        centre = np.einsum("tij,tj->ti", rotation, velocity)
        heights.append(walk.position[:, 2] + np.einsum("tj,tj->t", rotation[:, 2], foot) - FOOT_RADIUS)
        velocities.append(centre + np.cross(spin, [0.0, 0.0, -FOOT_RADIUS]))
    return np.stack(heights, 1), np.stack(velocities, 1)


def _leg_motion(leg: Leg, q: np.ndarray, dq: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Angular velocity of the calf and velocity of the foot relative to the base [T, 3], base frame."""
    hip, thigh, _ = q.T
    zero, out = np.zeros_like(hip), leg.side * leg.offset
    lateral = np.stack([zero, np.cos(hip), np.sin(hip)], -1)
    down = np.stack([zero, np.sin(hip), -np.cos(hip)], -1)
    foot, shoulder = leg.foot(q), out * lateral
    forward = np.array([1.0, 0.0, 0.0])
    knee = shoulder + leg.thigh * (np.cos(thigh)[:, None] * down - np.sin(thigh)[:, None] * forward)
    hip_spin, thigh_spin, calf_spin = dq[:, :1] * forward, dq[:, 1:2] * lateral, dq[:, 2:] * lateral
    velocity = np.cross(hip_spin, foot) + np.cross(thigh_spin, foot - shoulder)
    return hip_spin + thigh_spin + calf_spin, velocity + np.cross(calf_spin, foot - knee)


def _rotation(quat: np.ndarray) -> np.ndarray:
    """Rotation matrices [T, 3, 3], base to world, of ``quat`` [T, 4] (w, x, y, z)."""
    w, x, y, z = quat.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def _tilt(quat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Roll and pitch [T], rad."""
    up = _rotation(quat)[:, 2]
    return np.arctan2(up[:, 1], up[:, 2]), np.arcsin(np.clip(-up[:, 0], -1.0, 1.0))


def _drift(walk: Walk, walking: bool) -> float:
    away = walk.position[:, :2] - walk.position[0, :2]
    if not walking:
        return float(np.hypot(*away.T).max())
    ahead = _rotation(walk.quat[:1])[0, :2, 0]
    cos, sin = ahead / np.hypot(*ahead)
    return float(np.abs(cos * away[:, 1] - sin * away[:, 0]).max())


def _clearance(height: np.ndarray, stands: np.ndarray, shortest: int) -> float:
    """Mean of the largest ``height`` of all whole swings of at least ``shortest`` ticks; NaN without any."""
    edges = np.flatnonzero(np.diff(stands.astype(int))) + 1
    swings = [(a, b) for a, b in itertools.pairwise(edges) if not stands[a]]
    tops = [height[a:b].max() for a, b in swings if b - a >= shortest]
    return float(np.mean(tops)) if tops else math.nan


def _difference(left: float, right: float) -> float:
    """Difference relative to the mean."""
    return float(abs(left - right) / (0.5 * (left + right))) if left + right else math.nan
