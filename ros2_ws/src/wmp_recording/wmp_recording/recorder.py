"""Node that records the topics of the graph into an MCAP rosbag2, with a description of the run.

Messages are recorded as raw bytes, without decoding. ``rosbags`` writes the file: the recorder works with and
without a ROS installation, and rosbag2, ``mcap`` and Foxglove open its bags.
"""

from __future__ import annotations

import json
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rclpy.node import Node

from wmp_core.bundle import Bundle
from wmp_core.manifest import BundleError
from wmp_recording.bag import CAMERA_TOPICS, TOPICS, BagWriter, message_class
from wmp_ros.clock import WALL_CLOCK
from wmp_ros.parameters import declare
from wmp_ros.qos import LISTEN
from wmp_ros.running import run_node, spin

#: Topics whose stamp is the time of publication: the clock of the bag in lockstep.
CLOCK_TOPICS = ("wmp/policy_step", "imu/data", "sim/odometry")
#: Subscribed to last: policy_node waits for the subscribers of its steps, and thus until the recorder has
#: discovered the other topics.
SUBSCRIBED_LAST = "wmp/policy_step"
#: Topics that every recording of a walk needs; the others depend on robot, operator and simulation.
NEEDED = ("wmp/policy_step", "wmp/latent", "wmp/depth")
#: Time [s] between two checks for publishers, and between two checks for topics without messages.
CHECK_PERIOD, WARNING_PERIOD = 0.05, 10.0
#: Time [s] between two flushes: the most that is lost when the process is killed.
FLUSH_PERIOD = 0.5


class Recorder(Node):
    """Subscribes to every topic of the bag.

    Parameters: ``output`` (folder that must not exist), ``bundle`` (its identity is stored), ``run_info``
    (JSON object, stored unchanged), ``lockstep`` (messages get the simulated time of the newest stamp instead
    of wall time), ``camera`` (also record the camera topics), ``awaited`` (topics, separated by spaces, that
    must have a publisher before the recorder subscribes to ``wmp/policy_step``).
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
        self._counts: Mapping[str, int] = {}
        self._reported: set[str] = set()

    def record(self, bag: BagWriter) -> None:
        """Subscribe; every message from now on is written into ``bag``."""
        self._counts = bag.counts
        for topic in self.topics:
            if topic != SUBSCRIBED_LAST:
                self._subscribe(bag, topic)
        self.create_timer(FLUSH_PERIOD, bag.flush, clock=WALL_CLOCK)
        self.create_timer(WARNING_PERIOD, self._warn_if_silent, clock=WALL_CLOCK)
        checking = self.create_timer(CHECK_PERIOD, lambda: complete(), clock=WALL_CLOCK)
        began = time.monotonic()

        def complete() -> None:
            missing = [topic for topic in self._awaited if not self.count_publishers(topic)]
            if not missing:
                checking.cancel()
                self._subscribe(bag, SUBSCRIBED_LAST)
            elif time.monotonic() > began + WARNING_PERIOD:
                self.get_logger().warning(
                    f"no publisher of {', '.join(missing)} yet; recording of {SUBSCRIBED_LAST} starts once "
                    "there is one of each",
                    throttle_duration_sec=WARNING_PERIOD,
                )

    def _warn_if_silent(self) -> None:
        """Warn if no recorded topic has a publisher, or of needed topics without messages, each once."""
        if not any(self.count_publishers(topic) for topic in self.topics):
            self.get_logger().warning(
                f"no topic has a publisher in ROS domain {self.context.get_domain_id()}: is a graph running "
                "there? 'wmp sim' prints its domain; select it with --domain-id"
            )
            return
        silent = [topic for topic in self._needed() if not self._counts.get(topic)]
        for topic in silent:
            if topic not in self._reported:
                self._reported.add(topic)
                self.get_logger().warning(f"nothing recorded yet of {topic}: {self._why_silent(topic)}")

    def silent_topics(self) -> dict[str, str]:
        """Needed topics without a message so far, with the reason."""
        return {topic: self._why_silent(topic) for topic in self._needed() if not self._counts.get(topic)}

    def _needed(self) -> list[str]:
        return [topic for topic in self.topics if topic in NEEDED or topic in CAMERA_TOPICS]

    def _why_silent(self, topic: str) -> str:
        kind = self.topics[topic]
        own = self.resolve_topic_name(topic)
        publishers = self.get_publishers_info_by_topic(own)
        if publishers:
            found = {publisher.topic_type for publisher in publishers}
            if found != {kind}:
                return f"it is published as {', '.join(sorted(found))}, expected {kind}"
            return "its publisher sends nothing, or with another QoS"
        ending = "/".join(topic.split("/")[-2:])
        others = [
            name
            for name, kinds in self.get_topic_names_and_types()
            if kind in kinds and name != own and name.endswith(f"/{ending}")
        ]
        if not others:
            return "it has no publisher"
        return (
            f"it has no publisher, but {', '.join(sorted(others))} exists: give its driver the namespace of "
            f"{topic}, or remap the topic"
        )

    def _subscribe(self, bag: BagWriter, topic: str) -> None:
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
    """Stamp [ns] of a serialised message that begins with a ``std_msgs/Header`` (after CDR's four bytes)."""
    order = "<" if data[1] & 1 else ">"
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", data, 4)
    return seconds * 1_000_000_000 + nanoseconds


def serve(node: Recorder, stop: threading.Event) -> None:
    """Record until ``stop`` is set, then complete the bag and log what it holds."""
    with BagWriter(node.output, node.topics, node.run_info) as bag:
        node.record(bag)
        node.get_logger().info(f"recording {len(node.topics)} topics to {node.output}")
        try:
            spin(node, stop)
        except OSError as error:
            raise OSError(
                f"recording stopped; {node.output} is readable up to this moment: {error}"
            ) from error
        silent = node.silent_topics()
    node.get_logger().info(report(node.output, bag.counts))
    for topic, reason in silent.items():
        node.get_logger().warning(f"the bag holds nothing of {topic}: {reason}")


def report(folder: Path, counts: Mapping[str, int]) -> str:
    """What a recording wrote into ``folder``, in one line; ``counts`` maps topics to numbers of messages."""
    missing = [topic for topic, count in counts.items() if not count]
    line = f"wrote {sum(counts.values())} messages to {folder}"
    return f"{line}; none on {', '.join(missing)}" if missing else line


def main() -> int:
    """Record until a signal."""
    return run_node(Recorder, (BundleError, ValueError, OSError), serve)


if __name__ == "__main__":
    sys.exit(main())
