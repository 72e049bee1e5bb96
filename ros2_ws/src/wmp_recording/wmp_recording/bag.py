"""Write a bag: MCAP in a rosbag2 folder, with ``rosbags``, which needs no ROS installation."""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ament_index_python.packages import get_package_share_directory
from rosbags.rosbag2 import StoragePlugin
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from wmp_recording.storage.recording import RUN_INFO
from wmp_recording.storage.writer import McapWriter, RosbagWriter

#: Topic -> message type of everything that is recorded.
TOPICS = {
    "wmp/depth": "sensor_msgs/msg/Image",
    "wmp/policy_step": "wmp_msgs/msg/PolicyStep",
    "wmp/latent": "wmp_msgs/msg/Latent",
    "joint_states": "sensor_msgs/msg/JointState",
    "imu/data": "sensor_msgs/msg/Imu",
    "joint_commands": "sensor_msgs/msg/JointState",
    "cmd_vel": "geometry_msgs/msg/Twist",
    "diagnostics": "diagnostic_msgs/msg/DiagnosticArray",
    "sim/odometry": "nav_msgs/msg/Odometry",
}
#: Camera frames of a driver or of the simulation; 424x240 at 30 Hz are about 6 MB/s.
CAMERA_TOPICS = {
    "camera/depth/image_rect_raw": "sensor_msgs/msg/Image",
    "camera/depth/camera_info": "sensor_msgs/msg/CameraInfo",
}
#: Types whose definition comes from the installed wmp_msgs, not from the type store.
CUSTOM_TYPES = ("wmp_msgs/msg/PolicyStep", "wmp_msgs/msg/Latent")


class BagWriter:
    """A rosbag2 folder that is open for writing; closing it writes the index.

    Flushed messages survive the death of the process, see :mod:`wmp_recording.recovery`.

    Args:
        topics: topic without leading slash -> message type.
        run_info: description of the run, stored as JSON.

    Raises:
        FileExistsError: ``folder`` exists.
    """

    def __init__(self, folder: Path, topics: Mapping[str, str], run_info: Mapping[str, Any]) -> None:
        if folder.exists():
            raise FileExistsError(f"{folder} exists already; name a new folder")
        typestore = get_typestore(Stores.ROS2_HUMBLE)
        for name in CUSTOM_TYPES:
            typestore.register(get_types_from_msg(message_text(name), name))
        folder.parent.mkdir(parents=True, exist_ok=True)
        #: Topic -> number of messages written so far.
        self.counts = dict.fromkeys(topics, 0)
        self._writer = RosbagWriter(folder, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.set_custom_data(RUN_INFO, json.dumps(run_info, sort_keys=True))
        self._writer.open()
        self._connections = {
            topic: self._writer.add_connection(f"/{topic}", kind, typestore=typestore)
            for topic, kind in topics.items()
        }

    def write(self, topic: str, stamp_ns: int, data: bytes) -> None:
        """Append one serialised message (CDR with its header), received at ``stamp_ns`` (ns)."""
        self._writer.write(self._connections[topic], stamp_ns, data)
        self.counts[topic] += 1

    def flush(self) -> None:
        """Pass all messages so far to the operating system.

        Raises:
            OSError: they cannot be written, for example because the disk is full.
        """
        storage = self._writer.storage
        assert isinstance(storage, McapWriter)
        storage.flush()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, OSError):
            self._writer.close()
            return
        # Writing the index would fail too, and its error would hide the first one.
        with contextlib.suppress(OSError):
            self._writer.abort()


def message_class(name: str) -> type:
    """The class of a message type such as ``std_msgs/msg/Bool``."""
    package, folder, message = name.split("/")
    return getattr(importlib.import_module(f"{package}.{folder}"), message)


def message_text(name: str) -> str:
    package, folder, message = name.split("/")
    return (Path(get_package_share_directory(package)) / folder / f"{message}.msg").read_text(
        encoding="utf-8"
    )
