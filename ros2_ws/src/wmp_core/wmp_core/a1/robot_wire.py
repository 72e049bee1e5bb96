"""The robot's side of the low-level protocol, for the simulated robot and for tests.

:mod:`wmp_core.a1.wire` is the controller's side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wmp_core.a1.frames import (
    INT16_MAX,
    KD_UNIT,
    KP_UNIT,
    LOW_COMMAND,
    LOW_STATE,
    SERVO_MODE,
    TAU_UNIT,
    checked_frame,
    with_checksum,
)
from wmp_core.a1.joints import NUM_MOTORS
from wmp_core.a1.wire import LowState


@dataclass(frozen=True)
class LowCommand:
    """Decoded command: arrays ``[12]`` in motor order, in rad, rad/s, N m, N m/rad, N m s/rad."""

    q: np.ndarray
    dq: np.ndarray
    tau: np.ndarray
    kp: np.ndarray
    kd: np.ndarray


def _state_template() -> bytes:
    frame = np.zeros(1, dtype=LOW_STATE)
    frame["motor"]["mode"] = SERVO_MODE
    return frame.tobytes()


# Bytes, because numpy copies an array of this type field by field.
_STATE_TEMPLATE = _state_template()


def decode_low_cmd(data: bytes) -> LowCommand:
    """Decode a command frame, as a robot does.

    Raises:
        LengthError: ``data`` is not 610 bytes long.
        ChecksumError: the checksum does not match.
    """
    motor = checked_frame(data, LOW_COMMAND, "command")["motor"][:NUM_MOTORS]
    return LowCommand(
        q=motor["q"].copy(),
        dq=motor["dq"].copy(),
        tau=motor["tau"] * np.float32(TAU_UNIT),
        kp=motor["kp"] * np.float32(KP_UNIT),
        kd=motor["kd"] * np.float32(KD_UNIT),
    )


def encode_low_state(state: LowState) -> bytes:
    """Encode a state frame, as a robot does; the estimated torque saturates at int16, a temperature wraps."""
    frame = bytearray(_STATE_TEMPLATE)
    row = np.frombuffer(frame, LOW_STATE)[0]
    row["quaternion"], row["gyroscope"] = state.quat_wxyz, state.gyro
    row["accelerometer"], row["rpy"] = state.acc, state.rpy
    motor = row["motor"][:NUM_MOTORS]
    motor["q"] = motor["q_raw"] = state.q
    motor["dq"] = motor["dq_raw"] = state.dq
    tau_units = np.asarray(state.tau_est) / TAU_UNIT
    motor["tau_est"] = np.clip(tau_units, -INT16_MAX - 1, INT16_MAX).astype(np.int16)
    motor["temperature"] = np.asarray(state.motor_temp).astype(np.int16).astype(np.int8)
    motor["mode"], motor["reserve"] = state.motor_mode, state.motor_reserve
    row["level"] = state.level
    row["foot_force"], row["tick"], row["remote"] = state.foot_force, state.tick % 2**32, state.remote
    return with_checksum(bytes(frame))
