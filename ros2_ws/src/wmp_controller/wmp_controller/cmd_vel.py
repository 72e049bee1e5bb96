"""The topic ``cmd_vel`` in the type that its publisher has: ``Twist`` or ``TwistStamped``."""

from __future__ import annotations

from typing import Any, List, Optional

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo

from wmp_controller.operator import RosOperator
from wmp_ros.graph import publishers_of, several

TOPIC = "cmd_vel"
TYPES = {"geometry_msgs/msg/Twist": Twist, "geometry_msgs/msg/TwistStamped": TwistStamped}


class CmdVel:
    """Passes velocity commands to ``operator``, and reports what is wrong with their publishers.

    A subscription receives one type and silently ignores all others, so it takes that of the publisher: ROS 2
    is moving from ``Twist`` to ``TwistStamped``.

    Attributes:
        problem: why commands are not to be trusted, None if they are. Any thread.
    """

    def __init__(self, node: Node, operator: RosOperator) -> None:
        self._node, self._operator = node, operator
        self._type: Any = Twist
        self._subscription = self._subscribe()
        self.problem: Optional[str] = None

    def update(self) -> None:
        """Look at the publishers. Their number does not tell: one may have replaced another since."""
        before, publishers = self.problem, publishers_of(self._node, TOPIC)
        self._follow(publishers)
        self.problem = _unknown_type(publishers) or several(TOPIC, publishers)
        if self.problem is not None and self.problem != before:
            self._node.get_logger().error(self.problem)

    def _follow(self, publishers: List[TopicEndpointInfo]) -> None:
        wanted = {TYPES[info.topic_type] for info in publishers if info.topic_type in TYPES}
        if len(wanted) == 1 and self._type not in wanted:
            (self._type,) = wanted
            self._node.destroy_subscription(self._subscription)
            self._subscription = self._subscribe()
            self._node.get_logger().info(f"{TOPIC} is published as {self._type.__name__}: subscribed to it")

    def _subscribe(self) -> Any:
        return self._node.create_subscription(self._type, TOPIC, self._on_command, 1)

    def _on_command(self, message: Any) -> None:
        twist = message.twist if isinstance(message, TwistStamped) else message
        refusal = self._operator.command(twist.linear.x, twist.linear.y, twist.angular.z)
        if refusal is not None:
            self._node.get_logger().warning(refusal, throttle_duration_sec=1.0)


def _unknown_type(publishers: List[TopicEndpointInfo]) -> Optional[str]:
    unknown = sorted({info.topic_type for info in publishers} - set(TYPES))
    if not unknown:
        return None
    return f"{TOPIC} is published as {unknown[0]}, expected {' or '.join(TYPES)}: its messages are ignored"
