"""The node behind the live page: subscribes to the graph, serves the page, passes requests on.

It runs at low priority and takes part in nothing that the robot needs: the graph walks the same without it.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import sys
import threading
import time
from typing import Any

from geometry_msgs.msg import Twist
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from std_msgs.msg import String
from std_srvs.srv import Trigger

from wmp_core.bundle import Bundle
from wmp_core.manifest import BundleError
from wmp_ros.clock import WALL_CLOCK
from wmp_ros.parameters import declare
from wmp_ros.qos import LATCHED, RELIABLE
from wmp_ros.running import run_node, spin
from wmp_sim.faults.schedule import FILES, KINDS, REAL_TIME_ONLY
from wmp_viewer.access import Access, new_token, own_names, page_address
from wmp_viewer.driver import Driver
from wmp_viewer.header import page_header
from wmp_viewer.requests import MODES, PageRequest
from wmp_viewer.server import PageServer
from wmp_viewer.telemetry import TOPICS, Item, Telemetry

#: Period of frames, and of cmd_vel while a page drives [s].
FRAME_PERIOD, COMMAND_PERIOD = 0.04, 0.1
#: Niceness of the process: the control loop comes first.
NICENESS = 15
#: The newest message matters, not every one; a viewer must never slow down a publisher.
NEWEST = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
#: Every step and latent enters the imagination; every event is shown.
EVERY = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
PROFILES = {
    **dict.fromkeys(("wmp/policy_step", "wmp/latent", "wmp/depth", "diagnostics", "sim/faults"), EVERY),
    "sim/terrain": LATCHED,
}
SIMULATOR = "a1_sim"
#: Environment variable with the token of the page; without it the node makes one.
TOKEN_VARIABLE = "WMP_VIEW_TOKEN"


class Viewer(Node):
    """Serves the page until it is destroyed. Parameters: see ``wmp view --help``."""

    def __init__(self) -> None:
        super().__init__("viewer")
        bundle = Bundle.load_unverified(declare(self, "bundle", ""))
        self._may_drive: bool = declare(self, "drive", False)
        host, port = declare(self, "host", "127.0.0.1"), declare(self, "port", 0)
        self._source: str = declare(self, "source", "live")
        # Not a parameter: those are in files and lists of processes that other users can read.
        token = os.environ.pop(TOKEN_VARIABLE, "") or new_token()
        self._bundle, self._telemetry = bundle, Telemetry(bundle)
        self._sent = math.nan
        self._driver, self._driver_lock = Driver(), threading.Lock()
        self._server = PageServer(Access(token, own_names(host)), self._on_request, self._on_leave)
        self._server.start(host, port)
        #: What to open in a browser; holds the token.
        self.address = page_address(host, self._server.port, token)
        self._publish_header()
        self._connect()

    def close(self) -> None:
        """Close all pages."""
        self._server.stop()

    def _connect(self) -> None:
        for topic, kind in TOPICS.items():
            profile = PROFILES.get(topic, NEWEST)
            self.create_subscription(_message_class(kind), topic, self._handler(topic), profile)
        # Without --drive the node has no means to move a robot, only to stop it.
        modes = MODES if self._may_drive else ("stop",)
        self._modes = {name: self.create_client(Trigger, f"policy_node/{name}") for name in modes}
        self._push = self.create_client(Trigger, f"{SIMULATOR}/push")
        self._faults = self.create_publisher(String, "sim/switch_fault", RELIABLE)
        self._commands = self.create_publisher(Twist, "cmd_vel", 1) if self._may_drive else None
        self.create_timer(FRAME_PERIOD, self._send_frame, clock=WALL_CLOCK)
        if self._may_drive:
            self.create_timer(COMMAND_PERIOD, self._publish_command, clock=WALL_CLOCK)

    def _handler(self, topic: str) -> Any:
        def on_message(message: Any) -> None:
            for item in self._telemetry.update(topic, message):
                self._publish(item)

        return on_message

    def _publish(self, item: Item) -> None:
        item_time = item.get("t")
        time_s = self._telemetry.time if item_time is None else item_time
        self._server.publish(item, 0.0 if math.isnan(time_s) else time_s)

    def _publish_header(self) -> None:
        faults = {kind: text for kind, text in KINDS.items() if kind not in (*REAL_TIME_ONLY, *FILES)}
        header = page_header(self._bundle, self._source, live=True, drive=self._may_drive, faults=faults)
        self._server.publish(header)

    def _send_frame(self) -> None:
        frame = self._telemetry.frame()
        if frame is not None and frame["t"] != self._sent:
            self._sent = frame["t"]
            self._publish(frame)
        else:
            self._server.publish({"kind": "alive"})  # silence would mean that the connection is lost

    # Requests; these run in the server's thread

    def _on_request(self, page: object, request: PageRequest) -> Item | None:
        if request.name == "fault":
            return self._switch_fault(request)
        if request.name == "push":
            return self._call(page, self._push, "push")
        if request.name == "stop":  # any page may stop the robot
            return self._call(page, self._modes["stop"], "stop")
        if not self._may_drive:
            return _refused("this viewer only views: start it with 'wmp view --drive'")
        with self._driver_lock:
            if request.name == "arm":
                is_driver = self._driver.arm(page)
                if not is_driver:
                    return _refused("another page drives this robot")
                return {"kind": "role", "driver": True}
            if self._driver.page is not page:
                return _refused("press Drive first")
            if request.name == "disarm":
                self._driver.disarm(page)
                return {"kind": "role", "driver": False}
            if request.name == "drive":
                self._driver.hold(request.velocity, time.monotonic())
                return None
        return self._call(page, self._modes[request.name], request.name)

    def _on_leave(self, page: object) -> None:
        with self._driver_lock:
            self._driver.disarm(page)

    def _switch_fault(self, request: PageRequest) -> Item | None:
        if self._faults.get_subscription_count() == 0:
            return _refused("faults exist in simulation only")
        self._faults.publish(String(data=f"{'on' if request.on else 'off'} {request.fault}"))
        return None

    def _call(self, page: object, client: Any, name: str) -> Item | None:
        """Call a service; its answer reaches the page later."""
        if not client.service_is_ready():
            return _refused(f"{name}: {client.srv_name} is not available")

        def on_answer(answer: Future) -> None:
            result = answer.result()
            text = result.message or name.replace("_", " ")
            self._server.answer(page, {"kind": "answer", "ok": bool(result.success), "text": text})

        client.call_async(Trigger.Request()).add_done_callback(on_answer)
        return None

    def _publish_command(self) -> None:
        with self._driver_lock:
            velocity = self._driver.velocity(time.monotonic())
        if velocity is None:
            return
        twist = Twist()
        twist.linear.x, twist.linear.y, twist.angular.z = velocity
        assert self._commands is not None
        self._commands.publish(twist)


def _refused(text: str) -> Item:
    return {"kind": "answer", "ok": False, "text": text}


def _message_class(name: str) -> type:
    package, folder, message = name.split("/")
    return getattr(importlib.import_module(f"{package}.{folder}"), message)


def serve(node: Viewer, stop: threading.Event) -> None:
    """Print the page's address and serve it until ``stop`` is set."""
    sys.stdout.write(f"cockpit: {node.address}\n")
    sys.stdout.flush()
    try:
        spin(node, stop)
    finally:
        node.close()


def main() -> int:
    """Run the node until a signal; the exit code is 1 where a setting makes it impossible."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    return run_node(Viewer, (BundleError, ValueError, OSError), serve)


if __name__ == "__main__":
    sys.exit(main())
