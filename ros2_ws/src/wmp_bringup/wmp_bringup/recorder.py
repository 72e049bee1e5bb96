"""Node that writes what the graph says into an MCAP rosbag2, with the run described inside the bag.

Messages are taken as raw bytes, so recording costs no decoding. ``rosbags`` writes the file: the same
recorder works with and without a ROS installation, and its bags open in rosbag2, ``mcap`` and Foxglove.
"""

from __future__ import annotations

import importlib
import json
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ament_index_python.packages import get_package_share_directory
from rclpy.node import Node
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from wmp_core.bundle import Bundle, BundleError
from wmp_ros.qos import LISTEN
from wmp_ros.running import run_node, spin

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
#: Topics stamped with the time at which they are published: in lockstep they are the bag's clock.
CLOCK_TOPICS = ("wmp/policy_step", "imu/data", "sim/odometry")
#: Types whose text comes from the installed wmp_msgs, not from the type store.
CUSTOM_TYPES = ("wmp_msgs/msg/PolicyStep", "wmp_msgs/msg/Latent")
#: Key of the bag's custom data that holds the run's description as JSON.
RUN_INFO = "wmp_run_info"


class BagWriter:
    """A rosbag2 folder being written: topics are added when it opens, closing completes it."""

    def __init__(self, folder: Path, topics: Mapping[str, str], run_info: Mapping[str, Any]) -> None:
        typestore = get_typestore(Stores.ROS2_HUMBLE)
        for name in CUSTOM_TYPES:
            typestore.register(get_types_from_msg(_message_text(name), name))
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.set_custom_data(RUN_INFO, json.dumps(run_info, sort_keys=True))
        self._writer.open()
        self._connections = {
            topic: self._writer.add_connection(f"/{topic}", kind, typestore=typestore)
            for topic, kind in topics.items()
        }

    def write(self, topic: str, stamp_ns: int, data: bytes) -> None:
        """Append one serialised message (CDR with its header)."""
        self._writer.write(self._connections[topic], stamp_ns, data)

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()


class Recorder(Node):
    """Subscribes to every topic of the bag.

    Parameters: ``output`` (folder that must not exist yet), ``bundle`` (its identity is stored), ``run_info``
    (JSON object stored as it is), ``lockstep`` (bag time is the simulated time of the newest stamp, not the
    wall's).
    """

    def __init__(self) -> None:
        super().__init__("recorder")
        self.output = Path(self.declare_parameter("output", "").value)
        self._lockstep = self.declare_parameter("lockstep", False).value
        bundle = Bundle.load(self.declare_parameter("bundle", "").value, verify=False)
        self.run_info = json.loads(self.declare_parameter("run_info", "{}").value)
        self.run_info["bundle"] = {"name": bundle.name, "sha256": bundle.sha256}
        self._newest_stamp = 0

    def record(self, bag: BagWriter) -> None:
        """Write every message from now on into ``bag``."""
        for topic, kind in TOPICS.items():
            write = self._writer_of(bag, topic)
            self.create_subscription(_message_class(kind), topic, write, LISTEN, raw=True)

    def _writer_of(self, bag: BagWriter, topic: str) -> Callable[[bytes], None]:
        def write(data: bytes) -> None:
            if topic in CLOCK_TOPICS:
                self._newest_stamp = max(self._newest_stamp, header_stamp(data))
            now = self._newest_stamp if self._lockstep else self.get_clock().now().nanoseconds
            bag.write(topic, now, data)

        return write


def header_stamp(data: bytes) -> int:
    """Stamp in ns of a serialised message that begins with a ``std_msgs/Header`` (after CDR's four bytes)."""
    order = "<" if data[1] & 1 else ">"
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", data, 4)
    return seconds * 1_000_000_000 + nanoseconds


def _message_class(name: str) -> type:
    package, folder, message = name.split("/")
    return getattr(importlib.import_module(f"{package}.{folder}"), message)


def _message_text(name: str) -> str:
    package, folder, message = name.split("/")
    return (Path(get_package_share_directory(package)) / folder / f"{message}.msg").read_text(
        encoding="utf-8"
    )


def serve(node: Recorder, stop: threading.Event) -> None:
    """Record until ``stop`` is set; the bag is complete afterwards."""
    with BagWriter(node.output, TOPICS, node.run_info) as bag:
        node.record(bag)
        node.get_logger().info(f"recording {len(TOPICS)} topics to {node.output}")
        spin(node, stop)


def main() -> int:
    """Record until a signal."""
    return run_node(Recorder, (BundleError, ValueError, OSError), serve)


if __name__ == "__main__":
    sys.exit(main())
