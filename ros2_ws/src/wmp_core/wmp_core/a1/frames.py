"""Frames of the A1's low-level UDP protocol: layout, units and checksum.

A command has 610 bytes and a state 771, little-endian, packed, plaintext, as Unitree legged_sdk 3.3.4 puts
them on the wire.
"""

from __future__ import annotations

import numpy as np

from wmp_core.a1.checksum import crc32_words

MOTOR_SLOTS = 20
LOW_LEVEL = 0xFF
SERVO_MODE = 0x0A
TAU_UNIT, KP_UNIT, KD_UNIT = 1 / 256, 1 / 32, 1 / 16
INT16_MAX = 32767

_HEADER = [("level", "u1"), ("version", "<u2"), ("robot_id", "<u2"), ("serial", "<u4"), ("bandwidth", "u1")]
_MOTOR_COMMAND = np.dtype(
    [
        ("mode", "u1"),
        ("q", "<f4"),
        ("dq", "<f4"),
        ("tau", "<i2"),
        ("kp", "<i2"),
        ("kd", "<i2"),
        ("reserve", "<u4", 3),
    ]
)
_MOTOR_STATE = np.dtype(
    [
        ("mode", "u1"),
        ("q", "<f4"),
        ("dq", "<f4"),
        ("ddq", "<i2"),
        ("tau_est", "<i2"),
        ("q_raw", "<f4"),
        ("dq_raw", "<f4"),
        ("ddq_raw", "<i2"),
        ("temperature", "i1"),
        ("reserve", "<u4", 2),
    ]
)
LOW_COMMAND = np.dtype(
    _HEADER
    + [
        ("motor", _MOTOR_COMMAND, MOTOR_SLOTS),
        ("led", "u1", 12),
        ("remote", "V40"),
        ("reserve", "<u4"),
        ("crc", "<u4"),
    ]
)
LOW_STATE = np.dtype(
    _HEADER
    + [
        ("quaternion", "<f4", 4),
        ("gyroscope", "<f4", 3),
        ("accelerometer", "<f4", 3),
        ("rpy", "<f4", 3),
        ("imu_temperature", "i1"),
        ("motor", _MOTOR_STATE, MOTOR_SLOTS),
        ("foot_force", "<i2", 4),
        ("foot_force_estimate", "<i2", 4),
        ("tick", "<u4"),
        ("remote", "V40"),
        ("reserve", "<u4"),
        ("crc", "<u4"),
    ]
)


class WireError(ValueError):
    """A frame or command that must not be used."""


class LengthError(WireError):
    """A frame of another length than the protocol's."""


class ChecksumError(WireError):
    """A frame whose checksum does not match its bytes."""


def _crc_span(length: int) -> int:
    """Number of bytes that the checksum covers: all whole 32-bit words of the frame except the last."""
    return (length // 4 - 1) * 4


def with_checksum(frame: bytes) -> bytes:
    """The frame with its last four bytes replaced by the checksum."""
    return frame[:-4] + crc32_words(frame[: _crc_span(len(frame))]).to_bytes(4, "little")


def checked_frame(data: bytes, dtype: np.dtype, kind: str) -> np.void:
    """The frame as a record of ``dtype``; ``kind`` names it in errors.

    Raises:
        LengthError: ``data`` has another length than ``dtype``.
        ChecksumError: the checksum does not match.
    """
    if len(data) != dtype.itemsize:
        raise LengthError(f"{kind} frame has {len(data)} bytes, an A1 {kind} has {dtype.itemsize}")
    expected, found = crc32_words(data[: _crc_span(len(data))]), int.from_bytes(data[-4:], "little")
    if expected != found:
        raise ChecksumError(f"{kind} frame carries checksum {found:#010x}, its bytes give {expected:#010x}")
    return np.frombuffer(data, dtype=dtype)[0]
