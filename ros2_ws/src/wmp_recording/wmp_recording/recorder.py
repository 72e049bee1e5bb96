"""Node that writes what the graph says into an MCAP rosbag2, with the run described inside the bag.

Messages are taken as raw bytes, so recording costs no decoding. ``rosbags`` writes the file: the same
recorder works with and without a ROS installation, and its bags open in rosbag2, ``mcap`` and Foxglove.
"""

from __future__ import annotations

import json
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rclpy.node import Node

from wmp_core.bundle import Bundle
from wmp_core.manifest import BundleError
from wmp_recording.bag import CAMERA_TOPICS, TOPICS, BagWriter, message_class
from wmp_ros.clock import WALL_CLOCK
from wmp_ros.parameters import declare
from wmp_ros.qos import LISTEN
from wmp_ros.running import run_node, spin

#: Topics stamped with the time at which they are published: in lockstep they are the bag's clock.
CLOCK_TOPICS = ("wmp/policy_step", "imu/data", "sim/odometry")
#: The policy waits for those who listen to its steps, and so for a recorder that has found all it records.
LAST = "wmp/policy_step"
#: Seconds between two looks for publishers, and after which those still missing are named.
LOOK_PERIOD, PATIENCE = 0.05, 10.0
#: Seconds between two flushes: so much of a recording is lost at most when its process is killed.
FLUSH_PERIOD = 0.5


class Recorder(Node):
    """Subscribes to every topic of the bag.

    Parameters: ``output`` (folder that must not exist yet), ``bundle`` (its identity is stored), ``run_info``
    (JSON object stored as it is), ``lockstep`` (bag time is the simulated time of the newest stamp, not the
    wall's), ``camera`` (record the camera's own frames too), ``awaited`` (topics, separated by spaces, whose
    publishers must be there before the recorder listens to ``wmp/policy_step``).
    """

    def __init__(self) -> None:
        super().__init__("recorder")
        self.output = Path(declare(self, "output", ""))
        self._lockstep = declare(self, "lockstep", False)
        bundle = Bundle.load_unverified(declare(self, "bundle", ""))
        self.run_info = json.loads(declare(self, "run_info", "{}"))
        self.run_info["bundle"] = {"name": bundle.name, "sha256": bundle.sha256}
        camera = declare(self, "camera", False)
        self.topics = {**TOPICS, **(CAMERA_TOPICS if camera else {})}
        self._awaited = declare(self, "awaited", "").split()
        self._newest_stamp = 0

    def record(self, bag: BagWriter) -> None:
        """Write every message from now on into ``bag``."""
        for topic in self.topics:
            if topic != LAST:
                self._listen(bag, topic)
        self.create_timer(FLUSH_PERIOD, bag.flush, clock=WALL_CLOCK)
        self.create_timer(PATIENCE, self._miss, clock=WALL_CLOCK)
        looking = self.create_timer(LOOK_PERIOD, lambda: complete(), clock=WALL_CLOCK)
        began = time.monotonic()

        def complete() -> None:
            missing = [topic for topic in self._awaited if not self.count_publishers(topic)]
            if not missing:
                looking.cancel()
                self._listen(bag, LAST)
            elif time.monotonic() > began + PATIENCE:
                self.get_logger().warning(
                    f"nobody publishes {', '.join(missing)}; {LAST} is recorded once somebody does",
                    throttle_duration_sec=PATIENCE,
                )

    def _miss(self) -> None:
        """Say when there is nothing to record."""
        if not any(self.count_publishers(topic) for topic in self.topics):
            self.get_logger().warning(
                f"nobody publishes anything in ROS domain {self.context.get_domain_id()}: does a graph run "
                "there? 'wmp sim' says its domain, --domain-id chooses another"
            )

    def _listen(self, bag: BagWriter, topic: str) -> None:
        kind = message_class(self.topics[topic])
        self.create_subscription(kind, topic, self._writer_of(bag, topic), LISTEN, raw=True)

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


def serve(node: Recorder, stop: threading.Event) -> None:
    """Record until ``stop`` is set; the bag is complete afterwards."""
    with BagWriter(node.output, node.topics, node.run_info) as bag:
        node.record(bag)
        node.get_logger().info(f"recording {len(node.topics)} topics to {node.output}")
        try:
            spin(node, stop)
        except OSError as error:
            raise OSError(f"recording has ended, {node.output} stays readable up to here: {error}") from error


def main() -> int:
    """Record until a signal."""
    return run_node(Recorder, (BundleError, ValueError, OSError), serve)


if __name__ == "__main__":
    sys.exit(main())
