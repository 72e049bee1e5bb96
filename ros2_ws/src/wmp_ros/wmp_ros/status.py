"""Reads other nodes' status from ``diagnostics``; the only module that knows its names, keys and texts.

A typed status message can replace this module without changes in the nodes that use it.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

#: Name of the statuses that carry ``policy_node``'s events: mode changes, tripped safety rules.
CONTROLLER_EVENTS = "policy_node: events"

#: Key under which a node reports the SHA-256 of its bundle.
BUNDLE_SHA256 = "bundle_sha256"


class NodeStatus(NamedTuple):
    """Status of one node; ``message`` starts with its mode, followed by its problems."""

    node: str
    is_ok: bool
    message: str
    values: Dict[str, str]

    @property
    def problem(self) -> str:
        """The message of a node that is not OK; empty if it is."""
        return "" if self.is_ok else self.message

    @property
    def bundle_sha256(self) -> Optional[str]:
        """The bundle of the node; None if its status does not contain one."""
        return self.values.get(BUNDLE_SHA256)


def node_statuses(message: DiagnosticArray) -> Iterator[NodeStatus]:
    """The status of every node in ``message``, without events."""
    for status in message.status:
        if status.name != CONTROLLER_EVENTS:
            values = {entry.key: entry.value for entry in status.values}
            is_ok = status.level in (DiagnosticStatus.OK, 0)  # bytes in rclpy, a number in rosbags
            yield NodeStatus(status.name, is_ok, status.message, values)


def controller_events(message: DiagnosticArray) -> List[str]:
    """The controller's events in ``message``, oldest first."""
    return [status.message for status in message.status if status.name == CONTROLLER_EVENTS]


def enters_fault(event: str) -> bool:
    """Whether a controller event is the change to FAULT."""
    return "-> FAULT" in event
