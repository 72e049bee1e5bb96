"""Closed-form kinematics of one A1 leg.

Frame: origin at the hip joint, axes of the base (x forward, y left, z up). ``side`` is +1 for left legs, -1
for right ones. Angles are those of the hip, thigh and calf joints [rad].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wmp_sim.a1 import LEGS, facts


@dataclass(frozen=True)
class Leg:
    """One leg: ``hip`` in the base frame, lateral ``offset`` of the thigh, lengths of thigh and calf [m]."""

    hip: tuple[float, float, float]
    side: float
    offset: float
    thigh: float
    calf: float

    def foot(self, angles: np.ndarray) -> np.ndarray:
        """Foot position [..., 3], m, at ``angles`` [..., 3]."""
        hip, thigh, calf = np.moveaxis(angles, -1, 0)
        x = -self.thigh * np.sin(thigh) - self.calf * np.sin(thigh + calf)
        down = self.thigh * np.cos(thigh) + self.calf * np.cos(thigh + calf)
        out = self.side * self.offset
        return np.stack(
            [x, out * np.cos(hip) + down * np.sin(hip), out * np.sin(hip) - down * np.cos(hip)], -1
        )

    def angles(self, foot: np.ndarray) -> np.ndarray:
        """Angles [..., 3] for the foot position ``foot`` [..., 3], m, with the knee pointing backwards.

        Raises:
            ValueError: a point is out of reach; the message names it.
        """
        x, y, z = np.moveaxis(foot, -1, 0)
        square = y * y + z * z - self.offset**2
        reach = x * x + square
        longest, shortest = self.thigh + self.calf, abs(self.thigh - self.calf)
        outside = (square <= 0) | (reach > longest**2) | (reach < shortest**2)
        if outside.any():
            point = np.broadcast_to(foot, (*outside.shape, 3))[outside][0]
            raise ValueError(f"foot at {point} m from the hip is out of reach of {longest} m of leg")
        down = np.sqrt(square)
        hip = np.arctan2(z, y) - np.arctan2(-down, self.side * self.offset)
        hip = (hip + np.pi) % (2 * np.pi) - np.pi
        calf = -np.arccos((reach - self.thigh**2 - self.calf**2) / (2 * self.thigh * self.calf))
        bend = np.arctan2(self.calf * np.sin(calf), self.thigh + self.calf * np.cos(calf))
        return np.stack([hip, np.arctan2(-x, down) - bend, calf], -1)


def a1_legs() -> tuple[Leg, ...]:
    """The legs FL, FR, RL, RR with the published dimensions."""
    return tuple(_leg(name) for name in LEGS)


def _leg(name: str) -> Leg:
    joints = facts()["joints"]
    hip, thigh, calf, foot = (
        joints[f"{name}_{part}"]["origin"]
        for part in ("hip_joint", "thigh_joint", "calf_joint", "foot_fixed")
    )
    side = 1.0 if name.endswith("L") else -1.0
    return Leg(tuple(hip), side, abs(thigh[1]), abs(calf[2]), abs(foot[2]))
