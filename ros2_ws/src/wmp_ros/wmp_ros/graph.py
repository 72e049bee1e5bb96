"""Who publishes a topic."""

from __future__ import annotations

from typing import List, Optional

from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo


def publishers_of(node: Node, topic: str) -> List[TopicEndpointInfo]:
    """The publishers of ``topic``, a name relative to the namespace of ``node``."""
    return list(node.get_publishers_info_by_topic(topic))


def names_of(publishers: List[TopicEndpointInfo]) -> List[str]:
    """Full names of the nodes, sorted; a node with two publishers counts twice."""
    return sorted(map(_name, publishers))


def _name(info: TopicEndpointInfo) -> str:
    if "_UNKNOWN_" in info.node_name:  # a publisher is discovered before the name of its node
        return "a new node"
    return f"{info.node_namespace.rstrip('/')}/{info.node_name}"


def second_publisher(node: Node, topic: str) -> Optional[str]:
    """A line that names the publishers of ``topic`` if there are several; None otherwise."""
    if node.count_publishers(topic) < 2:
        return None
    names = names_of(publishers_of(node, topic))
    if len(names) < 2:  # one of them has just left
        return None
    return f"{topic} has {len(names)} publishers, expected one: stop all but one of {', '.join(names)}"
