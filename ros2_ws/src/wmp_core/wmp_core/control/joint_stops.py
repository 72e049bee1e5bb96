"""Bounds the torque towards a joint's stop, so that a motor brakes before it instead of driving into it.

The law is that of ros2_control's soft limits. At a distance ``d`` from a stop, the velocity towards it may be
``k_position * d``; the torque towards it may be ``k_velocity`` times what is left of that velocity. Where
nothing is left, the bound pushes back. So the torque towards a stop is at most that of a PD law that targets
the stop, with the gains ``k_velocity * k_position`` and ``k_velocity``.

ros2_control also bounds the velocity by the joint's velocity limit. Here the motors do that by themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class JointStopSettings:
    """Gains of the law.

    With the defaults, an A1's motors have their full torque (30 N m) at rest from 0.375 rad before a stop on,
    and 8 N m at 0.1 rad. ``k_velocity`` cannot be much larger: without its rotor's inertia, an A1's calf has
    0.005 kg m2 at the knee, so that beyond 2 N m s/rad and at a time step of 5 ms, it would oscillate.

    Attributes:
        k_position: velocity towards a stop per distance from it [1/s].
        k_velocity: torque per velocity [N m s/rad].

    Raises:
        ValueError: a gain is not positive and finite.
    """

    k_position: float = 40.0
    k_velocity: float = 2.0

    def __post_init__(self) -> None:
        for key, value in vars(self).items():
            if not (value > 0 and math.isfinite(value)):
                raise ValueError(f"joint stops: {key} is {value}, expected a positive finite number")


class JointStops:
    """The law for joints that range from ``lower`` to ``upper`` [J], rad.

    ``torque_limit`` [J], N m, also limits what pushes back.
    """

    def __init__(
        self,
        lower: np.ndarray,
        upper: np.ndarray,
        torque_limit: np.ndarray,
        settings: JointStopSettings = JointStopSettings(),
    ) -> None:
        self._stiffness = settings.k_velocity * settings.k_position
        self._k_velocity, self._limit = settings.k_velocity, np.asarray(torque_limit)
        # What the bounds are at q = 0 at rest; they fall with q and dq.
        self._at_lower, self._at_upper = (self._stiffness * np.asarray(stop) for stop in (lower, upper))

    def bounded(self, torque: np.ndarray, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """``torque`` within the bounds at ``q`` and ``dq``, and within the torque limit; all [..., J]."""
        falling = self._stiffness * q + self._k_velocity * dq
        bounded = np.minimum(np.maximum(torque, self._at_lower - falling), self._at_upper - falling)
        return np.minimum(np.maximum(bounded, -self._limit), self._limit)
