"""Writes walks that were made without ROS as the rosbag2 that the recorder of the graph would write."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin
from rosbags.typesys.store import Typestore

from wmp_recording.storage.writer import RosbagWriter
from wmp_replay.bag.records import (
    CameraFrame,
    CameraInfo,
    DepthRecord,
    ImuReading,
    JointCommand,
    Joints,
    LatentRecord,
    PolicyStep,
    Record,
)
from wmp_replay.bag.types import typestore

WALK = 3  # PolicyStep.WALK
STORAGE = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}


def write_bag(
    folder: Path, records: Iterable[Record], run_info: Mapping[str, Any] | None = None, storage: str = "mcap"
) -> Path:
    """Write ``records`` into the new rosbag2 ``folder``; returns the folder.

    Args:
        records: in the order of their stamps.
        run_info: notes on the run, as ``wmp record`` makes them; None: no notes, like other recorders.
        storage: ``mcap`` or ``sqlite3``.
    """
    store = typestore({})
    encode = _Encoder(store)
    folder.parent.mkdir(parents=True, exist_ok=True)
    writer = RosbagWriter(folder, version=9, storage_plugin=STORAGE[storage])
    if run_info is not None:
        writer.set_custom_data("wmp_run_info", json.dumps(dict(run_info), sort_keys=True))
    connections: dict[str, Any] = {}
    with writer:
        newest = 0
        for record in records:
            topic, kind, message = encode(record)
            if topic not in connections:
                connections[topic] = writer.add_connection(f"/{topic}", kind, typestore=store)
            newest = max(newest, round(record.stamp * 1e9))
            writer.write(connections[topic], newest, bytes(store.serialize_cdr(message, kind)))
    return folder


class _Encoder:
    """Record -> topic, type name, message."""

    def __init__(self, store: Typestore) -> None:
        self._types = store.types
        self._kinds: dict[type, tuple[str, str, Callable[[Any], Any]]] = {
            PolicyStep: ("wmp/policy_step", "wmp_msgs/msg/PolicyStep", self._policy_step),
            LatentRecord: ("wmp/latent", "wmp_msgs/msg/Latent", self._latent),
            DepthRecord: ("wmp/depth", "sensor_msgs/msg/Image", self._depth),
            CameraFrame: ("camera/depth/image_rect_raw", "sensor_msgs/msg/Image", self._frame),
            CameraInfo: ("camera/depth/camera_info", "sensor_msgs/msg/CameraInfo", self._camera_info),
            Joints: ("joint_states", "sensor_msgs/msg/JointState", self._joints),
            JointCommand: ("joint_commands", "sensor_msgs/msg/JointState", self._joints),
            ImuReading: ("imu/data", "sensor_msgs/msg/Imu", self._imu),
        }

    def __call__(self, record: Record) -> tuple[str, str, Any]:
        topic, kind, encode = self._kinds[type(record)]
        return topic, kind, encode(record)

    def _make(self, kind: str, **values: Any) -> Any:
        return self._types[kind](**values)

    def _time(self, seconds: float) -> Any:
        nanoseconds = 0 if math.isnan(seconds) else round(seconds * 1e9)
        whole, rest = divmod(nanoseconds, 1_000_000_000)
        return self._make("builtin_interfaces/msg/Time", sec=whole, nanosec=rest)

    def _header(self, stamp: float, frame: str = "base_link") -> Any:
        return self._make("std_msgs/msg/Header", stamp=self._time(stamp), frame_id=frame)

    def _vector(self, values: np.ndarray) -> Any:
        x, y, z = map(float, values)
        return self._make("geometry_msgs/msg/Vector3", x=x, y=y, z=z)

    def _policy_step(self, record: PolicyStep) -> Any:
        return self._make(
            "wmp_msgs/msg/PolicyStep",
            header=self._header(record.stamp),
            tick=record.tick,
            is_first=record.is_first,
            mode=WALK,
            proprioception=record.proprioception.astype(np.float32),
            action=record.action.astype(np.float32),
            command=record.command.astype(np.float32),
            base_velocity=np.zeros(3, np.float32),
            latent_tick=record.latent_tick,
            compute_ms=record.compute_ms,
        )

    def _latent(self, record: LatentRecord) -> Any:
        age = record.stamp - record.depth_stamp
        return self._make(
            "wmp_msgs/msg/Latent",
            header=self._header(record.stamp),
            tick=record.tick,
            h=record.h.astype(np.float32),
            z=record.z.astype(np.uint8),
            source=int(record.source),
            depth_stamp=self._time(record.depth_stamp),
            depth_age=age,
            kl=record.kl,
            advance_ms=record.advance_ms,
            observe_ms=record.observe_ms,
        )

    def _image(self, stamp: float, pixels: np.ndarray, encoding: str) -> Any:
        height, width = pixels.shape
        return self._make(
            "sensor_msgs/msg/Image",
            header=self._header(stamp, "camera_depth_optical_frame"),
            height=height,
            width=width,
            encoding=encoding,
            is_bigendian=0,
            step=width * pixels.itemsize,
            data=np.frombuffer(np.ascontiguousarray(pixels).tobytes(), np.uint8),
        )

    def _depth(self, record: DepthRecord) -> Any:
        return self._image(record.stamp, record.metres.astype("<f4"), "32FC1")

    def _frame(self, record: CameraFrame) -> Any:
        return self._image(record.stamp, record.depth.astype("<u2"), "16UC1")

    def _camera_info(self, record: CameraInfo) -> Any:
        camera = record.intrinsics
        k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
        roi = self._make(
            "sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
        )
        return self._make(
            "sensor_msgs/msg/CameraInfo",
            header=self._header(record.stamp, "camera_depth_optical_frame"),
            height=camera.height,
            width=camera.width,
            distortion_model="plumb_bob",
            d=np.zeros(5),
            k=np.array(k),
            r=np.eye(3).ravel(),
            p=np.array([*k[:3], 0.0, *k[3:6], 0.0, *k[6:], 0.0]),
            binning_x=0,
            binning_y=0,
            roi=roi,
        )

    def _joints(self, record: Joints) -> Any:
        return self._make(
            "sensor_msgs/msg/JointState",
            header=self._header(record.stamp),
            name=list(record.names),
            position=np.ascontiguousarray(record.position, np.float64),
            velocity=np.ascontiguousarray(record.velocity, np.float64),
            effort=np.ascontiguousarray(record.effort, np.float64),
        )

    def _imu(self, record: ImuReading) -> Any:
        w, x, y, z = map(float, record.quat_wxyz)
        covariance = np.zeros(9)
        return self._make(
            "sensor_msgs/msg/Imu",
            header=self._header(record.stamp),
            orientation=self._make("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w),
            orientation_covariance=covariance,
            angular_velocity=self._vector(record.gyro),
            angular_velocity_covariance=covariance,
            linear_acceleration=self._vector(record.acc),
            linear_acceleration_covariance=covariance,
        )
