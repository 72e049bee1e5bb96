"""A pose of the base for robots that do not know theirs: good for a picture, not for navigation.

Orientation comes from the IMU, height from the lowest foot, and the place from integrating the velocity that
the policy estimates, so it drifts.
"""

from __future__ import annotations

import numpy as np

from wmp_core.rotation import rotate
from wmp_sim import a1

#: Longest gap between two states over which the velocity is integrated [s].
_LONGEST_STEP = 0.2


class BaseEstimate:
    """Call :meth:`advance` once per robot state; set :attr:`orientation` (w, x, y, z) when it is measured."""

    def __init__(self) -> None:
        self.orientation: list[float] | None = None
        self._place = np.zeros(2)

    def advance(self, seconds: float, velocity: list[float] | None) -> None:
        """Move by ``velocity`` (vx, vy, .. [m/s] in base_link; None stands still) over ``seconds``."""
        if velocity is None or self.orientation is None or not 0 < seconds < _LONGEST_STEP:
            return
        self._place += rotate(np.array(self.orientation), np.array([*velocity[:2], 0.0]))[:2] * seconds

    def pose(self, orientation: list[float] | None, q: np.ndarray) -> list[float]:
        """Position [m] and quaternion of base_link in the world, for joint positions ``q`` [12] rad."""
        quaternion = orientation or [1.0, 0.0, 0.0, 0.0]
        lowest = rotate(np.array(quaternion), foot_positions(q))[:, 2].min()
        return [*self._place.tolist(), float(a1.FOOT_RADIUS - lowest), *quaternion]


def foot_positions(q: np.ndarray) -> np.ndarray:
    """Centres of the feet ``[4, 3]`` in base_link [m] for joint positions ``q`` ``[12]`` rad."""
    joints = a1.facts()["joints"]
    feet = []
    for leg, (hip, thigh, calf) in zip(a1.LEGS, np.reshape(q, (4, 3)), strict=True):
        place = np.array(joints[f"{leg}_foot_fixed"]["origin"], dtype=float)
        for part, turn in (("calf", _about_y(calf)), ("thigh", _about_y(thigh)), ("hip", _about_x(hip))):
            place = np.array(joints[f"{leg}_{part}_joint"]["origin"]) + turn @ place
        feet.append(place)
    return np.array(feet)


def _about_x(angle: float) -> np.ndarray:
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])


def _about_y(angle: float) -> np.ndarray:
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
