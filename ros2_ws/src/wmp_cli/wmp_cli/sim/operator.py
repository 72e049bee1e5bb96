"""The operator of a run: stand up, walk, sit down through the controller's own services.

In lockstep, where the controller has a script, it only ends that: orders come at no repeatable time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from geometry_msgs.msg import Twist
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from wmp_core.control.steering import turning_back

POLICY_NODE = "policy_node"
COMMAND_RATE = 20.0
#: Seconds between two attempts at an order that was refused ("not yet standing").
RETRY_PERIOD = 0.25
#: Seconds after which an answer counts as lost: DDS drops it while its server has not discovered who asked.
ANSWER_PATIENCE = 3.0


@dataclass(frozen=True)
class VelocityCommand:
    """Forward and left in m/s, turning left in rad/s."""

    vx: float
    vy: float
    yaw: float


class Operator:
    """Gives one order at a time and repeats it until the controller has done it.

    Args:
        node: the node whose executor serves the calls.
        command: velocity that is published while walking.
        heading_gain: rad/s of turning per rad off the heading at which the walk began, where ``command`` asks
            for none.
        yaw: the robot's heading now, rad.
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
            order: node.create_client(Trigger, f"{POLICY_NODE}/{order}")
            for order in ("stand_up", "walk", "sit_down")
        }
        self._pending: Future | None = None
        self._ordered = ""
        self._next_attempt = self._ordered_at = 0.0
        self._command, self._heading_gain, self._yaw = command, heading_gain, yaw
        self._course: float | None = None  # from the first moment of WALK on
        self._disturbance: VelocityCommand | None = None
        self._publisher = node.create_publisher(Twist, "cmd_vel", 10)
        self._steering = False
        node.create_timer(1.0 / COMMAND_RATE, self._publish)

    def pursue(self, mode: str) -> None:
        """Take the next step from ``mode`` (the controller's state) towards walking, once; call it often."""
        if mode == "WALK" and self._course is None:
            self._course = self._yaw()
        if self.was_halted(mode):
            return
        if mode == "PASSIVE":
            self._order("stand_up")
        elif mode == "STAND":
            self._steering = True
            self._order("walk")

    def was_halted(self, mode: str) -> bool:
        """Whether the robot has walked and, in ``mode``, does no longer."""
        return self._course is not None and mode in ("STAND", "SIT_DOWN", "PASSIVE")

    def sit_down(self, mode: str) -> None:
        """Take the next step from ``mode`` towards lying down; call it often."""
        self._steering = False
        if mode in ("WALK", "STAND", "STAND_UP"):
            self._order("sit_down")

    def disturb(self, command: VelocityCommand | None) -> None:
        """Publish ``command`` instead of the one that is meant; ``None`` ends that."""
        self._disturbance = command

    def _order(self, name: str) -> None:
        if self._pending is not None and self._pending.done():
            answer = self._pending.result()
            self._pending = None
            self.refusal = "" if answer.success else f"{self._ordered}: {answer.message}"
        client, now = self._clients[name], time.monotonic()
        is_free = self._pending is None or now > self._ordered_at + ANSWER_PATIENCE
        if is_free and now >= self._next_attempt and client.service_is_ready():
            self._next_attempt, self._ordered_at = now + RETRY_PERIOD, now
            self._ordered = name
            self._pending = client.call_async(Trigger.Request())

    def _publish(self) -> None:
        if self._steering:
            twist, command = Twist(), self._disturbance or self._steered()
            twist.linear.x, twist.linear.y, twist.angular.z = command.vx, command.vy, command.yaw
            self._publisher.publish(twist)

    def _steered(self) -> VelocityCommand:
        if self._command.yaw or self._course is None:
            return self._command
        return replace(self._command, yaw=turning_back(self._yaw(), self._course, self._heading_gain))
