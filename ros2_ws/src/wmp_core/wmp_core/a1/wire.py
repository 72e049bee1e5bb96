"""The controller's side of the A1's low-level UDP protocol: commands are encoded, states are decoded.

All arrays of 12 are in **motor order** (:data:`wmp_core.a1.joints.MOTOR_JOINTS`). The vendor's library wraps
a torque of 200 N m to -56 N m and passes NaN through; here a value outside of the motors' range is an error.
:mod:`wmp_core.a1.frames` has the layout, :mod:`wmp_core.a1.robot_wire` the robot's side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Tuple

import numpy as np

from wmp_core.a1.frames import (
    INT16_MAX,
    KD_UNIT,
    KP_UNIT,
    LOW_COMMAND,
    LOW_LEVEL,
    LOW_STATE,
    SERVO_MODE,
    TAU_UNIT,
    LengthError,
    WireError,
    checked_frame,
    with_checksum,
)
from wmp_core.a1.joints import MOTOR_JOINTS, NUM_MOTORS

#: Values for "no position target" [rad] and "no velocity target" [rad/s].
NO_POSITION_TARGET = 2.146e9
NO_VELOCITY_TARGET = 16000.0

#: Allowed range of each row of a command, in the order of :func:`encode_low_cmd`. More than one turn is a
#: unit error (degrees); hips reach 52.4 rad/s; motors peak at 33.5 N m; gains are limited by int16.
COMMAND_RANGES = {
    "q": (-2 * np.pi, 2 * np.pi, "rad"),
    "dq": (-60.0, 60.0, "rad/s"),
    "tau": (-33.5, 33.5, "N m"),
    "kp": (0.0, INT16_MAX * KP_UNIT, "N m/rad"),
    "kd": (0.0, INT16_MAX * KD_UNIT, "N m s/rad"),
}
_LOWER, _UPPER = (np.array([[r[i]] for r in COMMAND_RANGES.values()], dtype=np.float32) for i in (0, 1))
_NO_TARGET = np.array([[NO_POSITION_TARGET], [NO_VELOCITY_TARGET], [np.nan], [np.nan], [np.nan]], np.float32)
#: Lowest plausible temperature, degrees Celsius.
_COLDEST = -40
_UNITS_PER_SI = np.array([[1 / TAU_UNIT], [1 / KP_UNIT], [1 / KD_UNIT]], np.float32)


class NonFiniteError(WireError):
    """A command with NaN or infinity; ``field`` and ``motor`` say where."""

    def __init__(self, field: str, motor: str, value: float) -> None:
        super().__init__(f"command {field} of {motor} is {value}, expected a finite number; nothing was sent")
        self.field, self.motor, self.value = field, motor, value


class RangeError(WireError):
    """A command outside of the allowed range; ``field``, ``motor``, ``value``, ``allowed`` give details."""

    def __init__(self, field: str, motor: str, value: float, allowed: Tuple[float, float], unit: str) -> None:
        low, high = allowed
        super().__init__(
            f"command {field} of {motor} is {value:g} {unit}, "
            f"allowed {low:g}..{high:g} {unit}; nothing was sent"
        )
        self.field, self.motor, self.value, self.allowed = field, motor, value, allowed


@dataclass(frozen=True)
class LowState:
    """Decoded state of the robot, motor order.

    Attributes:
        quat_wxyz: orientation base_link -> world ``[4]``.
        gyro: angular velocity in base_link ``[3]``, rad/s.
        acc: specific force in base_link ``[3]``, m/s^2.
        rpy: roll, pitch, yaw ``[3]``, rad.
        q, dq, tau_est: joint position rad, velocity rad/s, estimated torque N m, each ``[12]``.
        motor_temp: degrees Celsius ``[12]``, see :func:`temperature`.
        foot_force: raw sensor values ``[4]``, in the order FR, FL, RR, RL.
        tick: the robot's counter, see :mod:`wmp_core.a1.tick`.
        remote: 40 bytes of the wireless remote, see :mod:`wmp_core.a1.remote`.
        level: who commands the motors, :data:`wmp_core.a1.frames.LOW_LEVEL` for programs like this one.
        motor_mode, motor_reserve: mode ``[12]`` and reserved words ``[12, 2]`` of each motor, see
            :mod:`wmp_core.a1.servo`.
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
    level: int = LOW_LEVEL
    motor_mode: np.ndarray = field(default_factory=lambda: np.full(NUM_MOTORS, SERVO_MODE, np.uint8))
    motor_reserve: np.ndarray = field(default_factory=lambda: np.zeros((NUM_MOTORS, 2), np.uint32))


def temperature(raw: np.ndarray) -> np.ndarray:
    """Temperatures in degrees Celsius from int8 values, of which those beyond 127 degrees have wrapped.

    130 degrees arrive as -126; below -40 degrees no A1 works.
    """
    values = raw.astype(np.int16)
    return np.where(values < _COLDEST, values + 256, values)


def _command_template() -> bytes:
    frame = np.zeros(1, dtype=LOW_COMMAND)
    frame["level"] = LOW_LEVEL
    frame["motor"]["mode"] = SERVO_MODE
    frame["motor"]["q"] = NO_POSITION_TARGET
    frame["motor"]["dq"] = NO_VELOCITY_TARGET
    return frame.tobytes()


# Bytes, because numpy copies an array of this type field by field.
_COMMAND_TEMPLATE = _command_template()


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
    return with_checksum(bytes(frame))


def decode_low_state(data: bytes) -> LowState:
    """Decode a state frame.

    Raises:
        LengthError: ``data`` is not 771 bytes long.
        ChecksumError: the checksum does not match.
    """
    frame = checked_frame(data, LOW_STATE, "state")
    motor = frame["motor"][:NUM_MOTORS]
    return LowState(
        quat_wxyz=frame["quaternion"].copy(),
        gyro=frame["gyroscope"].copy(),
        acc=frame["accelerometer"].copy(),
        rpy=frame["rpy"].copy(),
        q=motor["q"].astype(np.float64),
        dq=motor["dq"].astype(np.float64),
        tau_est=motor["tau_est"] * TAU_UNIT,
        motor_temp=temperature(motor["temperature"]),
        foot_force=frame["foot_force"].copy(),
        tick=int(frame["tick"]),
        remote=frame["remote"].tobytes(),
        level=int(frame["level"]),
        motor_mode=motor["mode"].copy(),
        motor_reserve=motor["reserve"].copy(),
    )


def checked_command(
    q: np.ndarray, dq: np.ndarray, tau: np.ndarray, kp: np.ndarray, kd: np.ndarray
) -> np.ndarray:
    """The rows as float32 ``[5, 12]`` after all checks; errors as in :func:`encode_low_cmd`."""
    values = _command_rows(q, dq, tau, kp, kd)
    if not (((values >= _LOWER) & (values <= _UPPER)) | (values == _NO_TARGET)).all():
        raise _range_error(values)
    return values


def _command_rows(*rows: np.ndarray) -> np.ndarray:
    """The five arrays as float32 ``[5, 12]``, the wire's type, which removes rounding beyond a limit."""
    values = np.empty((len(COMMAND_RANGES), NUM_MOTORS), dtype=np.float32)
    with np.errstate(over="ignore"):  # overflow becomes infinity, which is refused
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
