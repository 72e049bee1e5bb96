"""Torque and temperature of the A1's motors."""

from __future__ import annotations

import numpy as np

#: Share of the velocity limit up to which a motor has its full torque; beyond, the torque falls linearly to
#: zero at the limit. An assumption: the data sheet gives only the end points.
FULL_TORQUE_SPEED = 0.8

#: [degrees Celsius]
AMBIENT_TEMPERATURE = 30.0
#: Steady temperature rise per squared torque [K / (N m)^2] and time constant [s]: plausible guesses.
HEATING = 0.15
THERMAL_TIME = 300.0


def deliverable_torque(
    torque: np.ndarray, dq: np.ndarray, torque_limit: np.ndarray, velocity_limit: np.ndarray
) -> np.ndarray:
    """Delivered torque of motors commanded ``torque`` [N m] at joint velocity ``dq`` [rad/s]; broadcasts.

    Limited by the effort limit, and by less when the motor accelerates a fast joint; braking has full torque.
    """
    headroom = (velocity_limit - np.abs(dq)) * (1.0 / ((1.0 - FULL_TORQUE_SPEED) * velocity_limit))
    driving_limit = torque_limit * np.minimum(np.maximum(headroom, 0.0), 1.0)
    limit = np.where(torque * dq > 0.0, driving_limit, torque_limit)
    return np.minimum(np.maximum(torque, -limit), limit)


def heated(temperature: np.ndarray, torque: np.ndarray, seconds: float) -> np.ndarray:
    """Temperature of motors after ``torque`` [N m] for ``seconds`` [degrees Celsius]."""
    steady = AMBIENT_TEMPERATURE + HEATING * torque * torque
    return temperature + (steady - temperature) * (seconds / THERMAL_TIME)
