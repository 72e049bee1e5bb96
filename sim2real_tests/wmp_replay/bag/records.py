"""Messages as plain records, independent of recorder and storage: stamps in s, numpy arrays."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from wmp_core.depth.geometry import CameraIntrinsics, GeometryError

#: Topics whose messages are camera frames or images.
FRAMES = ("wmp/depth", "depth/image_rect_raw")
#: Largest difference of a quaternion's norm from 1.
UNIT = 0.1


@dataclass(frozen=True)
class PolicyStep:
    """``wmp_msgs/PolicyStep``: scaled proprioception ``[P]``, clipped action ``[J]``, command ``[3]``
    (m/s, m/s, rad/s)."""

    stamp: float
    tick: int
    is_first: bool
    proprioception: np.ndarray
    action: np.ndarray
    command: np.ndarray
    latent_tick: int
    compute_ms: float


@dataclass(frozen=True)
class LatentRecord:
    """``wmp_msgs/Latent``: deterministic state ``h [D]`` of ``tick``; stochastic state ``z [S]`` of the
    world-model tick before, from which h follows, with its ``source``, ``kl`` [nats] and ``depth_stamp`` [s]
    (NaN without image)."""

    stamp: float
    tick: int
    h: np.ndarray
    z: np.ndarray
    source: int
    depth_stamp: float
    kl: float
    advance_ms: float
    observe_ms: float


@dataclass(frozen=True)
class DepthRecord:
    """``wmp/depth``: ``metres [H, W]`` float32, clipped; ``stamp`` is the capture time. Shape ``[0, 0]``:
    the camera had no image of the contract's age."""

    stamp: float
    metres: np.ndarray


@dataclass(frozen=True)
class CameraFrame:
    """A raw frame of the depth camera: ``depth [H, W]`` in counts of ``unit`` [m]; 0 is invalid."""

    stamp: float
    depth: np.ndarray
    unit: float


@dataclass(frozen=True)
class CameraInfo:
    """Pinhole model of the depth camera."""

    stamp: float
    intrinsics: CameraIntrinsics


@dataclass(frozen=True)
class Joints:
    """``joint_states`` in the order of ``names``: position [rad], velocity [rad/s], effort [N m]; quantities
    that the message lacks are empty."""

    stamp: float
    names: tuple[str, ...]
    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray


class JointCommand(Joints):
    """``joint_commands``; position is NaN where a motor has no target."""


@dataclass(frozen=True)
class ImuReading:
    """``imu/data``: orientation base_link -> world (w, x, y, z); gyro [rad/s] and acceleration [m/s^2] in
    base_link."""

    stamp: float
    quat_wxyz: np.ndarray
    gyro: np.ndarray
    acc: np.ndarray


@dataclass(frozen=True)
class VelocityCommand:
    """``cmd_vel``: vx [m/s], vy [m/s], yaw rate [rad/s]. ``stamp`` is the log time: the message has none."""

    stamp: float
    command: np.ndarray


Record = (
    PolicyStep | LatentRecord | DepthRecord | CameraFrame | CameraInfo | Joints | ImuReading | VelocityCommand
)
#: Message and log time [s] -> record.
Decoder = Callable[[Any, float], Record]


class UnusableMessageError(ValueError):
    """A message is left out. The text continues "80 messages ..." and says what was expected."""


class TopicDecoder(NamedTuple):
    """How messages of a topic become records.

    ``fields`` must be in the definition of the type; ``a|b``: one of them, for fields that were renamed.
    """

    kind: str
    decode: Decoder
    fields: tuple[str, ...]


def _seconds(time: Any) -> float:
    return time.sec + 1e-9 * time.nanosec


def _policy_step(message: Any, _: float) -> PolicyStep:
    return PolicyStep(
        _seconds(message.header.stamp),
        message.tick,
        message.is_first,
        message.proprioception,
        message.action,
        np.asarray(message.command, dtype=np.float32),
        message.latent_tick,
        getattr(message, "compute_ms", math.nan),
    )


def _latent(message: Any, _: float) -> LatentRecord:
    captured = _seconds(message.depth_stamp) if hasattr(message, "depth_stamp") else 0.0
    # Bags recorded before the rename call the fields deter and stoch.
    h, z = (message.h, message.z) if hasattr(message, "h") else (message.deter, message.stoch)
    return LatentRecord(
        _seconds(message.header.stamp),
        message.tick,
        h,
        z.astype(np.int64),
        message.source,
        captured if captured > 0 else math.nan,
        getattr(message, "kl", math.nan),
        getattr(message, "advance_ms", math.nan),
        getattr(message, "observe_ms", math.nan),
    )


def _pixels(message: Any, dtype: str) -> np.ndarray:
    kind = np.dtype((">" if message.is_bigendian else "<") + dtype)
    height, width, step = message.height, message.width, message.step
    if height * width == 0:
        return np.zeros((0, 0), kind.newbyteorder("="))
    if step < width * kind.itemsize or step % kind.itemsize:
        raise UnusableMessageError(
            f"have rows of {step} bytes (step), expected at least {width * kind.itemsize} for {width} pixels "
            f"of {message.encoding}"
        )
    if len(message.data) < height * step:
        raise UnusableMessageError(
            f"hold {len(message.data)} bytes, expected {height * step} for {height} rows of {step}"
        )
    rows = np.frombuffer(message.data, kind, height * step // kind.itemsize)
    return rows.reshape(height, -1)[:, :width].astype(kind.newbyteorder("="))


def _depth(message: Any, _: float) -> DepthRecord:
    if message.height * message.width and message.encoding != "32FC1":
        raise UnusableMessageError(f"have encoding {message.encoding!r}, expected 32FC1 (m)")
    return DepthRecord(_seconds(message.header.stamp), _pixels(message, "f4"))


def _camera_frame(message: Any, _: float) -> CameraFrame:
    if message.encoding in ("16UC1", "mono16"):
        return CameraFrame(_seconds(message.header.stamp), _pixels(message, "u2"), 0.001)
    if message.encoding == "32FC1":
        return CameraFrame(_seconds(message.header.stamp), _pixels(message, "f4"), 1.0)
    raise UnusableMessageError(f"have encoding {message.encoding!r}, expected 16UC1 (mm) or 32FC1 (m)")


def _camera_info(message: Any, _: float) -> CameraInfo:
    k = message.k
    try:
        intrinsics = CameraIntrinsics(message.width, message.height, k[0], k[4], k[2], k[5])
    except GeometryError as error:
        raise UnusableMessageError(f"are no pinhole model ({error})") from error
    return CameraInfo(_seconds(message.header.stamp), intrinsics)


def _joints(kind: type[Joints]) -> Decoder:
    def decode(message: Any, _: float) -> Joints:
        return kind(
            _seconds(message.header.stamp),
            tuple(sys.intern(name) for name in message.name),
            message.position,
            message.velocity,
            message.effort,
        )

    return decode


def _imu(message: Any, _: float) -> ImuReading:
    q, rate, acceleration = message.orientation, message.angular_velocity, message.linear_acceleration
    quaternion = np.array((q.w, q.x, q.y, q.z))
    # REP 145: a driver without an estimate sets the first covariance to -1, or leaves everything at zero.
    if message.orientation_covariance[0] == -1 or not abs(np.linalg.norm(quaternion) - 1) < UNIT:
        raise UnusableMessageError(
            "hold no orientation (a unit quaternion), which the gravity direction needs"
        )
    return ImuReading(
        _seconds(message.header.stamp),
        quaternion,
        np.array((rate.x, rate.y, rate.z)),
        np.array((acceleration.x, acceleration.y, acceleration.z)),
    )


def _velocity(message: Any, logged: float) -> VelocityCommand:
    return VelocityCommand(logged, np.array((message.linear.x, message.linear.y, message.angular.z)))


_STAMP = "header.stamp"
_IMAGE_FIELDS = ("height", "width", "encoding", "is_bigendian", "step", "data")
_JOINT_FIELDS = (_STAMP, "name", "position", "velocity", "effort")
#: Topics that a walk is read from, without the namespace that drivers add.
DECODERS: dict[str, TopicDecoder] = {
    "wmp/policy_step": TopicDecoder(
        "wmp_msgs/msg/PolicyStep",
        _policy_step,
        (_STAMP, "tick", "is_first", "proprioception", "action", "command", "latent_tick"),
    ),
    "wmp/latent": TopicDecoder(
        "wmp_msgs/msg/Latent", _latent, (_STAMP, "tick", "h|deter", "z|stoch", "source")
    ),
    "wmp/depth": TopicDecoder("sensor_msgs/msg/Image", _depth, (_STAMP, *_IMAGE_FIELDS)),
    "depth/image_rect_raw": TopicDecoder("sensor_msgs/msg/Image", _camera_frame, (_STAMP, *_IMAGE_FIELDS)),
    "depth/camera_info": TopicDecoder(
        "sensor_msgs/msg/CameraInfo", _camera_info, (_STAMP, "width", "height", "k")
    ),
    "joint_states": TopicDecoder("sensor_msgs/msg/JointState", _joints(Joints), _JOINT_FIELDS),
    "joint_commands": TopicDecoder("sensor_msgs/msg/JointState", _joints(JointCommand), _JOINT_FIELDS),
    "imu/data": TopicDecoder(
        "sensor_msgs/msg/Imu",
        _imu,
        (_STAMP, "orientation.w", "orientation_covariance", "angular_velocity.x", "linear_acceleration.x"),
    ),
    "cmd_vel": TopicDecoder("geometry_msgs/msg/Twist", _velocity, ("linear.x", "angular.z")),
}
