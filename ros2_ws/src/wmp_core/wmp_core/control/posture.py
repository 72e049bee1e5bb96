"""Joint trajectories for standing up and sitting down, from any joint positions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np

from wmp_core.contract import JointContract


@dataclass(frozen=True)
class PostureSettings:
    """Durations in s, gains in N m/rad and N m s/rad, and the folded pose in rad.

    In the folded pose the feet are under the hips and the trunk is on or near the ground. ``kp`` is higher
    than the policy's: with 40 N m/rad an A1 sags by 0.12 rad.
    """

    fold_time: float = 1.0
    rise_time: float = 1.5
    lower_time: float = 1.5
    settle_time: float = 0.5
    release_time: float = 0.5
    kp: float = 60.0
    kd: float = 2.0
    initial_stiffness: float = 0.2
    folded_hip: float = 0.0
    folded_thigh: float = 1.3
    folded_calf: float = -2.6

    def __post_init__(self) -> None:
        for key in ("fold_time", "rise_time", "lower_time", "settle_time", "release_time", "kp", "kd"):
            value = getattr(self, key)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"posture: {key} is {value}, allowed: a positive finite number")
        if not 0 <= self.initial_stiffness <= 1:
            raise ValueError(f"posture: initial_stiffness is {self.initial_stiffness}, allowed 0..1")


@dataclass(frozen=True)
class Waypoint:
    """Joint positions (rad, contract order) and stiffness (0..1 of ``kp``) after ``duration`` s."""

    duration: float
    q: np.ndarray
    stiffness: float


class PostureTrajectory:
    """Passes through waypoints, with zero velocity at each."""

    def __init__(self, start: np.ndarray, stiffness: float, waypoints: Sequence[Waypoint]) -> None:
        first = Waypoint(0.0, np.asarray(start, dtype=np.float64), stiffness)
        self._waypoints = (first, *waypoints)
        self.duration = sum(point.duration for point in waypoints)

    def at(self, time: float) -> Tuple[np.ndarray, float]:
        """Joint targets ``[joints]`` in rad and stiffness ``time`` s after the start; the end holds."""
        for before, after in zip(self._waypoints, self._waypoints[1:]):
            if time < after.duration:
                s = _smooth(max(time, 0.0) / after.duration)
                q = before.q + s * (after.q - before.q)
                return q, before.stiffness + s * (after.stiffness - before.stiffness)
            time -= after.duration
        return self._waypoints[-1].q, self._waypoints[-1].stiffness


def stand_up(joints: JointContract, settings: PostureSettings, q: np.ndarray) -> PostureTrajectory:
    """From prone at ``q``: fold the legs under the trunk while gains rise, then rise to the default pose."""
    return PostureTrajectory(
        q,
        settings.initial_stiffness,
        (
            Waypoint(settings.fold_time, folded_pose(joints, settings), 1.0),
            Waypoint(settings.rise_time, np.array(joints.default_position), 1.0),
        ),
    )


def settle(joints: JointContract, settings: PostureSettings, targets: np.ndarray) -> PostureTrajectory:
    """From the policy's targets while it walks on the spot to the default pose."""
    start = np.clip(targets, joints.position_lower, joints.position_upper)
    return PostureTrajectory(
        start, 1.0, (Waypoint(settings.settle_time, np.array(joints.default_position), 1.0),)
    )


def sit_down(joints: JointContract, settings: PostureSettings, q: np.ndarray) -> PostureTrajectory:
    """From ``q``: lower the trunk onto the folded legs, then fade the stiffness to 0."""
    folded = folded_pose(joints, settings)
    return PostureTrajectory(
        q,
        1.0,
        (Waypoint(settings.lower_time, folded, 1.0), Waypoint(settings.release_time, folded, 0.0)),
    )


def folded_pose(joints: JointContract, settings: PostureSettings) -> np.ndarray:
    """The folded pose in contract order, by joint name, within the joint limits.

    Raises:
        ValueError: a joint is neither hip, thigh nor calf.
    """
    parts = {"hip": settings.folded_hip, "thigh": settings.folded_thigh, "calf": settings.folded_calf}
    pose = []
    for name in joints.names:
        part = next((part for part in parts if f"_{part}_" in name), None)
        if part is None:
            raise ValueError(f"joint {name!r} is none of {sorted(parts)}: the folded pose does not cover it")
        pose.append(parts[part])
    return np.clip(pose, joints.position_lower, joints.position_upper)


def _smooth(u: float) -> float:
    """Smoothstep from 0..1 to 0..1, with zero slope at both ends."""
    return u * u * (3.0 - 2.0 * u)
