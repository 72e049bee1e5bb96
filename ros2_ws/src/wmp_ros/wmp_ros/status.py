"""What nodes read from each other's ``diagnostics``: the one place that knows names and texts.

A typed status message can replace this module without a change in the nodes that use it.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

#: Name of the statuses in which ``policy_node`` reports events: changes of mode, tripped safety rules.
CONTROLLER_EVENTS = "policy_node: events"


class NodeStatus(NamedTuple):
    """The newest status of one node; ``message`` starts with its state and goes on with its problems."""

    node: str
    is_ok: bool
    message: str
    values: Dict[str, str]


def node_statuses(message: DiagnosticArray) -> Iterator[NodeStatus]:
    """The status of every node in ``message``; events are left out."""
    for status in message.status:
        if status.name != CONTROLLER_EVENTS:
            values = {entry.key: entry.value for entry in status.values}
            yield NodeStatus(status.name, status.level == DiagnosticStatus.OK, status.message, values)


def controller_events(message: DiagnosticArray) -> List[str]:
    """The controller's events in ``message``, oldest first."""
    return [status.message for status in message.status if status.name == CONTROLLER_EVENTS]


def enters_fault(event: str) -> bool:
    """Whether an event of the controller is its change to FAULT."""
    return "-> FAULT" in event
