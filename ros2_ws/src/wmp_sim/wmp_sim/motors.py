"""What the A1's motors can deliver."""

from __future__ import annotations

import numpy as np

#: Share of the velocity limit up to which a motor has its full torque; from there it falls to zero at the
#: limit. An assumption: the data sheet gives the end points only.
FULL_TORQUE_SPEED = 0.8

AMBIENT_TEMPERATURE = 30.0
#: Steady rise above ambient per squared torque [K / (N m)^2] and its time constant [s]: plausible guesses.
HEATING = 0.15
THERMAL_TIME = 300.0


def deliverable_torque(
    torque: np.ndarray, dq: np.ndarray, torque_limit: np.ndarray, velocity_limit: np.ndarray
) -> np.ndarray:
    """Torque that comes out of motors asked for ``torque`` at joint velocity ``dq`` (N m, rad/s; broadcasts).

    Up to the torque limit; less where the motor drives a fast joint faster, full where it brakes it.
    """
    headroom = (velocity_limit - np.abs(dq)) * (1.0 / ((1.0 - FULL_TORQUE_SPEED) * velocity_limit))
    driving_limit = torque_limit * np.minimum(np.maximum(headroom, 0.0), 1.0)
    limit = np.where(torque * dq > 0.0, driving_limit, torque_limit)
    return np.minimum(np.maximum(torque, -limit), limit)


def heated(temperature: np.ndarray, torque: np.ndarray, seconds: float) -> np.ndarray:
    """Temperature [degrees Celsius] of motors that gave ``torque`` for ``seconds``."""
    steady = AMBIENT_TEMPERATURE + HEATING * torque * torque
    return temperature + (steady - temperature) * (seconds / THERMAL_TIME)
