"""The A1's low-level UDP frames: 610-byte commands and 771-byte states, little-endian, packed, plaintext.

Layout as Unitree legged_sdk 3.3.4 puts it on the wire. All arrays of 12 are in **motor order**
(:data:`wmp_core.a1.joints.MOTOR_JOINTS`). Unlike the vendor's library, which wraps a torque of 200 N m to -56
and passes NaN through, nothing is encoded that the motors cannot mean: it is an error instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from wmp_core.a1.checksum import crc32_words
from wmp_core.a1.joints import MOTOR_JOINTS, NUM_MOTORS

#: Targets that tell a motor to have no position (rad) or no velocity target (rad/s).
NO_POSITION_TARGET = 2.146e9
NO_VELOCITY_TARGET = 16000.0

_MOTOR_SLOTS = 20
_LOW_LEVEL = 0xFF
_SERVO_MODE = 0x0A
_TAU_UNIT, _KP_UNIT, _KD_UNIT = 1 / 256, 1 / 32, 1 / 16
_INT16_MAX = 32767

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
        ("motor", _MOTOR_COMMAND, _MOTOR_SLOTS),
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
        ("motor", _MOTOR_STATE, _MOTOR_SLOTS),
        ("foot_force", "<i2", 4),
        ("foot_force_estimate", "<i2", 4),
        ("tick", "<u4"),
        ("remote", "V40"),
        ("reserve", "<u4"),
        ("crc", "<u4"),
    ]
)

#: Rows of a command in the order of :func:`encode_low_cmd`, each with what may be sent. More than one turn
#: is a unit error (degrees); hips reach 52.4 rad/s; motors peak at 33.5 N m; gains end where int16 does.
COMMAND_RANGES = {
    "q": (-2 * np.pi, 2 * np.pi, "rad"),
    "dq": (-60.0, 60.0, "rad/s"),
    "tau": (-33.5, 33.5, "N m"),
    "kp": (0.0, _INT16_MAX * _KP_UNIT, "N m/rad"),
    "kd": (0.0, _INT16_MAX * _KD_UNIT, "N m s/rad"),
}
_LOWER, _UPPER = (np.array([[r[i]] for r in COMMAND_RANGES.values()], dtype=np.float32) for i in (0, 1))
_NO_TARGET = np.array([[NO_POSITION_TARGET], [NO_VELOCITY_TARGET], [np.nan], [np.nan], [np.nan]], np.float32)
_UNITS_PER_SI = np.array([[1 / _TAU_UNIT], [1 / _KP_UNIT], [1 / _KD_UNIT]], np.float32)


class WireError(ValueError):
    """A frame or command that must not be used."""


class LengthError(WireError):
    """A frame of another length than the protocol's."""


class ChecksumError(WireError):
    """A frame whose checksum does not fit its bytes."""


class NonFiniteError(WireError):
    """A command holding NaN or infinity; ``field`` and ``motor`` say where."""

    def __init__(self, field: str, motor: str, value: float) -> None:
        super().__init__(f"command {field} of {motor} is {value}, expected a finite number; nothing was sent")
        self.field, self.motor, self.value = field, motor, value


class RangeError(WireError):
    """A command the motors must not be told; ``field``, ``motor``, ``value``, ``allowed`` say which."""

    def __init__(self, field: str, motor: str, value: float, allowed: Tuple[float, float], unit: str) -> None:
        low, high = allowed
        super().__init__(
            f"command {field} of {motor} is {value:g} {unit}, "
            f"allowed {low:g}..{high:g} {unit}; nothing was sent"
        )
        self.field, self.motor, self.value, self.allowed = field, motor, value, allowed


@dataclass(frozen=True)
class LowCommand:
    """Decoded command: arrays ``[12]`` in motor order, in rad, rad/s, N m, N m/rad, N m s/rad."""

    q: np.ndarray
    dq: np.ndarray
    tau: np.ndarray
    kp: np.ndarray
    kd: np.ndarray


@dataclass(frozen=True)
class LowState:
    """Decoded state of the robot, motor order.

    Attributes:
        quat_wxyz: orientation base->world ``[4]``.
        gyro: angular velocity in the base frame ``[3]``, rad/s.
        acc: specific force in the base frame ``[3]``, m/s^2.
        rpy: roll, pitch, yaw ``[3]``, rad.
        q, dq, tau_est: joint position rad, velocity rad/s, estimated torque N m, each ``[12]``.
        motor_temp: degrees Celsius ``[12]``.
        foot_force: raw sensor values ``[4]``, in the order FR, FL, RR, RL.
        tick: the robot's counter. Its unit on the A1 is unverified; the simulated robot counts ms.
        remote: 40 bytes of the wireless remote, see :mod:`wmp_core.a1.remote`.
    """

    quat_wxyz: np.ndarray
    gyro: np.ndarray
    acc: np.ndarray
    rpy: np.ndarray
    q: np.ndarray
    dq: np.ndarray
    tau_est: np.ndarray
    motor_temp: np.ndarray
    foot_force: np.ndarray
    tick: int
    remote: bytes = bytes(40)


def _command_template() -> bytes:
    frame = np.zeros(1, dtype=LOW_COMMAND)
    frame["level"] = _LOW_LEVEL
    frame["motor"]["mode"] = _SERVO_MODE
    frame["motor"]["q"] = NO_POSITION_TARGET
    frame["motor"]["dq"] = NO_VELOCITY_TARGET
    return frame.tobytes()


def _state_template() -> bytes:
    frame = np.zeros(1, dtype=LOW_STATE)
    frame["level"] = _LOW_LEVEL
    frame["motor"]["mode"] = _SERVO_MODE
    return frame.tobytes()


# Bytes: to copy an array of this type, numpy visits each of its fields.
_COMMAND_TEMPLATE = _command_template()
_STATE_TEMPLATE = _state_template()


def encode_low_cmd(q: np.ndarray, dq: np.ndarray, tau: np.ndarray, kp: np.ndarray, kd: np.ndarray) -> bytes:
    """Encode one command from arrays ``[12]`` in motor order.

    ``q`` may be :data:`NO_POSITION_TARGET` and ``dq`` :data:`NO_VELOCITY_TARGET`.

    Raises:
        NonFiniteError: a value is NaN or infinite.
        RangeError: a value is outside of :data:`COMMAND_RANGES`.
        LengthError: an array does not have 12 values.
    """
    values = checked_command(q, dq, tau, kp, kd)
    frame = bytearray(_COMMAND_TEMPLATE)
    motor = np.frombuffer(frame, LOW_COMMAND)["motor"][0, :NUM_MOTORS]
    motor["q"], motor["dq"] = values[0], values[1]
    # The cast to int16 truncates toward zero, as the robot's library does.
    motor["tau"], motor["kp"], motor["kd"] = (values[2:] * _UNITS_PER_SI).astype(np.int16)
    return _with_crc(bytes(frame))


def decode_low_state(data: bytes) -> LowState:
    """Decode a state frame.

    Raises:
        LengthError: ``data`` is not 771 bytes long.
        ChecksumError: the checksum does not fit.
    """
    frame = _checked(data, LOW_STATE, "state")
    motor = frame["motor"][:NUM_MOTORS]
    return LowState(
        quat_wxyz=frame["quaternion"].copy(),
        gyro=frame["gyroscope"].copy(),
        acc=frame["accelerometer"].copy(),
        rpy=frame["rpy"].copy(),
        q=motor["q"].astype(np.float64),
        dq=motor["dq"].astype(np.float64),
        tau_est=motor["tau_est"] * _TAU_UNIT,
        motor_temp=motor["temperature"].copy(),
        foot_force=frame["foot_force"].copy(),
        tick=int(frame["tick"]),
        remote=frame["remote"].tobytes(),
    )


def decode_low_cmd(data: bytes) -> LowCommand:
    """Decode a command frame, as a robot does.

    Raises:
        LengthError: ``data`` is not 610 bytes long.
        ChecksumError: the checksum does not fit.
    """
    motor = _checked(data, LOW_COMMAND, "command")["motor"][:NUM_MOTORS]
    return LowCommand(
        q=motor["q"].copy(),
        dq=motor["dq"].copy(),
        tau=motor["tau"] * np.float32(_TAU_UNIT),
        kp=motor["kp"] * np.float32(_KP_UNIT),
        kd=motor["kd"] * np.float32(_KD_UNIT),
    )


def encode_low_state(state: LowState) -> bytes:
    """Encode a state frame, as a robot does; the estimated torque saturates at its int16."""
    frame = bytearray(_STATE_TEMPLATE)
    row = np.frombuffer(frame, LOW_STATE)[0]
    row["quaternion"], row["gyroscope"] = state.quat_wxyz, state.gyro
    row["accelerometer"], row["rpy"] = state.acc, state.rpy
    motor = row["motor"][:NUM_MOTORS]
    motor["q"] = motor["q_raw"] = state.q
    motor["dq"] = motor["dq_raw"] = state.dq
    tau_units = np.asarray(state.tau_est) / _TAU_UNIT
    motor["tau_est"] = np.clip(tau_units, -_INT16_MAX - 1, _INT16_MAX).astype(np.int16)
    motor["temperature"] = state.motor_temp
    row["foot_force"], row["tick"], row["remote"] = state.foot_force, state.tick % 2**32, state.remote
    return _with_crc(bytes(frame))


def checked_command(
    q: np.ndarray, dq: np.ndarray, tau: np.ndarray, kp: np.ndarray, kd: np.ndarray
) -> np.ndarray:
    """The rows as float32 ``[5, 12]``, if motors may be told so; errors as :func:`encode_low_cmd`."""
    values = _command_rows(q, dq, tau, kp, kd)
    if not (((values >= _LOWER) & (values <= _UPPER)) | (values == _NO_TARGET)).all():
        raise _range_error(values)
    return values


def _crc_span(length: int) -> int:
    """Bytes a checksum covers: all but the last of the whole 32-bit words that fit in the frame."""
    return (length // 4 - 1) * 4


def _with_crc(frame: bytes) -> bytes:
    return frame[:-4] + crc32_words(frame[: _crc_span(len(frame))]).to_bytes(4, "little")


def _checked(data: bytes, dtype: np.dtype, kind: str) -> np.void:
    if len(data) != dtype.itemsize:
        raise LengthError(f"{kind} frame has {len(data)} bytes, an A1 {kind} has {dtype.itemsize}")
    expected, found = crc32_words(data[: _crc_span(len(data))]), int.from_bytes(data[-4:], "little")
    if expected != found:
        raise ChecksumError(f"{kind} frame carries checksum {found:#010x}, its bytes give {expected:#010x}")
    return np.frombuffer(data, dtype=dtype)[0]


def _command_rows(*rows: np.ndarray) -> np.ndarray:
    """The five arrays as float32 ``[5, 12]``, as on the wire: rounding that misses a limit is gone there."""
    values = np.empty((len(COMMAND_RANGES), NUM_MOTORS), dtype=np.float32)
    with np.errstate(over="ignore"):  # beyond float32 becomes infinite, which is refused
        for i, row in enumerate(rows):
            if np.shape(row) != (NUM_MOTORS,):
                field = list(COMMAND_RANGES)[i]
                raise LengthError(f"command {field} has shape {np.shape(row)}, expected ({NUM_MOTORS},)")
            values[i] = row
    return values


def _range_error(values: np.ndarray) -> WireError:
    """The error for the first value that may not be sent; non-finite values come first."""
    allowed = ((values >= _LOWER) & (values <= _UPPER)) | (values == _NO_TARGET)
    nonfinite = np.argwhere(~np.isfinite(values))
    row, motor = nonfinite[0] if len(nonfinite) else np.argwhere(~allowed)[0]
    field, value = list(COMMAND_RANGES)[row], float(values[row, motor])
    if len(nonfinite):
        return NonFiniteError(field, MOTOR_JOINTS[motor], value)
    low, high, unit = COMMAND_RANGES[field]
    return RangeError(field, MOTOR_JOINTS[motor], value, (low, high), unit)
