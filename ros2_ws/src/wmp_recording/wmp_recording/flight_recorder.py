"""Node that buffers the last 30 s of the graph and writes them as a bag after a FAULT.

Writes one second after the controller enters FAULT, so that the bag also shows the second after it; when a
signal ends the node; and on a request to its service ``~/write``. Uses no disk until then.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from std_srvs.srv import Trigger

from wmp_core.bundle import Bundle
from wmp_core.manifest import BundleError
from wmp_recording.bag import TOPICS, BagWriter, message_class
from wmp_ros.clock import WALL_CLOCK
from wmp_ros.parameters import declare
from wmp_ros.qos import LISTEN
from wmp_ros.running import run_node, spin
from wmp_ros.status import controller_events, enters_fault

DIAGNOSTICS = "diagnostics"


class Received(NamedTuple):
    """A serialised message and the time at which it arrived [ns]."""

    stamp_ns: int
    topic: str
    data: bytes


class FlightRecorder(Node):
    """Buffers every topic of a bag.

    Parameters: ``output`` (folder for the bags), ``bundle`` (its identity is stored), ``span`` (length of the
    buffer [s]), ``after_fault`` (time from FAULT to writing [s]).
    """

    def __init__(self) -> None:
        super().__init__("flight_recorder")
        self._output = Path(declare(self, "output", ""))
        self._span_ns = round(1e9 * self._positive("span", 30.0))
        self._after_fault = self._positive("after_fault", 1.0)
        bundle = Bundle.load_unverified(declare(self, "bundle", ""))
        self._run_info = {"bundle": {"name": bundle.name, "sha256": bundle.sha256}}
        self._buffer: deque[Received] = deque()
        self._write_at: float | None = None
        for topic, kind in TOPICS.items():
            on_message = functools.partial(self._on_message, topic)
            self.create_subscription(message_class(kind), topic, on_message, LISTEN, raw=True)
        self.create_service(Trigger, "~/write", self._on_write)
        self.create_timer(0.1, self._write_if_due, clock=WALL_CLOCK)

    def write(self, reason: str) -> Path:
        """Write the buffer into a new bag named after the time and ``reason``; returns its folder.

        Raises:
            OSError: it cannot be written.
        """
        folder = self._output / f"flight_{time.strftime('%Y%m%d_%H%M%S')}_{reason}"
        attempt = folder
        for number in range(2, 100):
            if not attempt.exists():
                break
            attempt = folder.with_name(f"{folder.name}_{number}")
        with BagWriter(attempt, TOPICS, {**self._run_info, "reason": reason}) as bag:
            for message in list(self._buffer):
                bag.write(message.topic, message.stamp_ns, message.data)
        self.get_logger().info(f"{len(self._buffer)} messages written to {attempt}")
        return attempt

    def _positive(self, name: str, default: float) -> float:
        value = float(declare(self, name, default))
        if not value > 0:
            raise ValueError(f"parameter {name} is {value}, expected seconds above 0")
        return value

    def _on_message(self, topic: str, data: bytes) -> None:
        now = self.get_clock().now().nanoseconds
        self._buffer.append(Received(now, topic, data))
        while self._buffer[0].stamp_ns < now - self._span_ns:
            self._buffer.popleft()
        if topic == DIAGNOSTICS and self._write_at is None and reports_fault(data):
            self._write_at = time.monotonic() + self._after_fault

    def _write_if_due(self) -> None:
        if self._write_at is None or time.monotonic() < self._write_at:
            return
        self._write_at = None
        try:
            self.write("fault")
        except OSError as error:
            self.get_logger().error(f"the flight recorder cannot write: {error}")

    def _on_write(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            response.message, response.success = str(self.write("request")), True
        except OSError as error:
            response.message, response.success = f"the flight recorder cannot write: {error}", False
        return response


def reports_fault(data: bytes) -> bool:
    """Whether a serialised ``DiagnosticArray`` reports that the controller enters FAULT."""
    if b"FAULT" not in data:  # deserialising is slow, and most messages hold no FAULT
        return False
    return any(map(enters_fault, controller_events(deserialize_message(data, DiagnosticArray))))


def serve(node: FlightRecorder, stop: threading.Event) -> None:
    """Buffer until ``stop`` is set, then write."""
    spin(node, stop)
    node.write("end")


def main() -> int:
    """Run the node until a signal."""
    return run_node(FlightRecorder, (BundleError, ValueError, OSError), serve)


if __name__ == "__main__":
    sys.exit(main())
