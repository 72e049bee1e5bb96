"""Who publishes a topic."""

from __future__ import annotations

from typing import List, Optional

from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo


def publishers_of(node: Node, topic: str) -> List[TopicEndpointInfo]:
    """The publishers of ``topic``, a name relative to the namespace of ``node``."""
    return list(node.get_publishers_info_by_topic(topic))


def several(topic: str, publishers: List[TopicEndpointInfo]) -> Optional[str]:
    """A line that names the ``publishers`` of ``topic`` if there are several; None otherwise."""
    if len(publishers) < 2:
        return None
    names = ", ".join(sorted(map(_name, publishers)))
    return f"{topic} has {len(publishers)} publishers, expected one: stop all but one of {names}"


def second_publisher(node: Node, topic: str) -> Optional[str]:
    """The same for the present publishers of ``topic``; cheap while there is one."""
    return None if node.count_publishers(topic) < 2 else several(topic, publishers_of(node, topic))


def _name(info: TopicEndpointInfo) -> str:
    if "_UNKNOWN_" in info.node_name:  # a publisher is discovered before the name of its node
        return "a new node"
    return f"{info.node_namespace.rstrip('/')}/{info.node_name}"
