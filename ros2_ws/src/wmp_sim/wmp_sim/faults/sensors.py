"""Faults of the reported state; :class:`wmp_sim.faults.body.BodyFaults` affects the robot itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from wmp_core.robot_state import RobotState

from .schedule import FaultSchedule

ENCODER_JUMP = 0.6  # rad
HOT_MOTOR, WRAPPED_MOTOR = 90.0, 130.0  # degrees Celsius

KINDS = (
    "tick_frozen",
    "imu_nan",
    "imu_stuck",
    "encoder_jump",
    "motor_hot",
    "temperature_wrapped",
    "brown_out",
)
_IMU = ("quat_wxyz", "gyro", "acc")


class SensorFaults:
    """Call :meth:`distort` once per cycle with the true state.

    Args:
        schedule: the active faults.
        seed: of the affected joint and motor.
    """

    def __init__(self, schedule: FaultSchedule, seed: tuple[int, ...]) -> None:
        random = np.random.default_rng(seed)
        self._schedule = schedule
        self._joint, self._motor = random.integers(12, size=2)
        self._last: RobotState | None = None
        self._switched_on: int | None = None

    def distort(self, state: RobotState) -> RobotState:
        """``state`` as the robot reports it."""
        is_on = self._schedule.is_on
        if self._last is not None and is_on("tick_frozen"):
            return self._last
        changes: dict[str, Any] = {}
        if is_on("brown_out") and self._switched_on is None:
            self._switched_on = state.tick
        if self._switched_on is not None:
            changes["tick"] = state.tick - self._switched_on
        if is_on("imu_nan"):
            changes.update({name: np.full_like(getattr(state, name), np.nan) for name in _IMU})
        if is_on("imu_stuck") and self._last is not None:
            changes.update({name: getattr(self._last, name) for name in _IMU})
        if is_on("encoder_jump"):
            changes["q"] = _changed(state.q, self._joint, state.q[self._joint] + ENCODER_JUMP)
        for kind, degrees in (("motor_hot", HOT_MOTOR), ("temperature_wrapped", WRAPPED_MOTOR)):
            if is_on(kind) and state.motor_temperature is not None:
                changes["motor_temperature"] = _changed(state.motor_temperature, self._motor, degrees)
        self._last = dataclasses.replace(state, **changes) if changes else state
        return self._last


def _changed(values: np.ndarray, index: int, value: float) -> np.ndarray:
    values = values.copy()
    values[index] = value
    return values
