"""The operator of a run: requests to stand up, walk and sit down through the controller's own services.

In lockstep the controller runs a script, since requests over ROS arrive at no repeatable time; the operator
only ends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from geometry_msgs.msg import Twist
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from wmp_cli.sim.journals import POLICY_NODE
from wmp_core.control.steering import heading_hold_yaw_rate

COMMAND_RATE = 20.0
#: Time [s] between two attempts at a request that was refused ("not yet standing").
RETRY_PERIOD = 0.25
#: Time [s] after which a response counts as lost: DDS drops it until the server has discovered the client.
RESPONSE_TIMEOUT = 3.0


@dataclass(frozen=True)
class VelocityCommand:
    """Forward and left in m/s, turning left in rad/s."""

    vx: float
    vy: float
    yaw: float


class Operator:
    """Makes one request at a time and repeats it until the controller has granted it.

    Args:
        node: the node whose executor serves the calls.
        command: velocity that is published while walking.
        heading_gain: rad/s of yaw rate per rad off the heading at the first moment of WALK, while ``command``
            has no yaw rate of its own.
        yaw: the robot's current heading, rad.
    """

    def __init__(
        self,
        node: Node,
        command: VelocityCommand,
        heading_gain: float = 0.0,
        yaw: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.refusal = ""
        self._clients = {
            request: node.create_client(Trigger, f"{POLICY_NODE}/{request}")
            for request in ("stand_up", "walk", "sit_down")
        }
        self._pending: Future | None = None
        self._requested = ""
        self._next_attempt = self._requested_at = 0.0
        self._command, self._heading_gain, self._yaw = command, heading_gain, yaw
        self._heading: float | None = None
        self._disturbance: VelocityCommand | None = None
        self._publisher = node.create_publisher(Twist, "cmd_vel", 10)
        self._steering = False
        node.create_timer(1.0 / COMMAND_RATE, self._publish)

    def pursue(self, mode: str) -> None:
        """Take the next step from the controller's ``mode`` towards walking, once; call it often."""
        if mode == "WALK" and self._heading is None:
            self._heading = self._yaw()
        if self.was_halted(mode):
            return
        if mode == "PASSIVE":
            self._request("stand_up")
        elif mode == "STAND":
            self._steering = True
            self._request("walk")

    def was_halted(self, mode: str) -> bool:
        """Whether the robot has walked, and ``mode`` says that it no longer does."""
        return self._heading is not None and mode in ("STAND", "SIT_DOWN", "PASSIVE")

    def sit_down(self, mode: str) -> None:
        """Take the next step from ``mode`` towards lying down; call it often."""
        self._steering = False
        if mode in ("WALK", "STAND", "STAND_UP"):
            self._request("sit_down")

    def disturb(self, command: VelocityCommand | None) -> None:
        """Publish ``command`` in place of the intended one; ``None`` ends that."""
        self._disturbance = command

    def _request(self, name: str) -> None:
        if self._pending is not None and self._pending.done():
            response = self._pending.result()
            self._pending = None
            self.refusal = "" if response.success else f"{self._requested}: {response.message}"
        client, now = self._clients[name], time.monotonic()
        is_free = self._pending is None or now > self._requested_at + RESPONSE_TIMEOUT
        if is_free and now >= self._next_attempt and client.service_is_ready():
            self._next_attempt, self._requested_at = now + RETRY_PERIOD, now
            self._requested = name
            self._pending = client.call_async(Trigger.Request())

    def _publish(self) -> None:
        if self._steering:
            twist, command = Twist(), self._disturbance or self._steered()
            twist.linear.x, twist.linear.y, twist.angular.z = command.vx, command.vy, command.yaw
            self._publisher.publish(twist)

    def _steered(self) -> VelocityCommand:
        if self._command.yaw or self._heading is None:
            return self._command
        yaw_rate = heading_hold_yaw_rate(self._yaw(), self._heading, self._heading_gain)
        return replace(self._command, yaw=yaw_rate)
