"""The status a node publishes in ``diagnostics``."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Tuple

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from wmp_core.journal import Journal
from wmp_ros.clock import WALL_CLOCK


class Report:
    """Level, message and values of one DiagnosticStatus; the worst problem sets the level.

    Args:
        message: state of the node, which starts the status message; problems are appended.
        values: key-value pairs of the status.
    """

    def __init__(self, message: str, values: Dict[str, str]) -> None:
        self.values = values
        self.level = DiagnosticStatus.OK
        self._lines: List[str] = [message]

    def warn_if(self, condition: bool, problem: str) -> None:
        self._note(condition, problem, DiagnosticStatus.WARN)

    def error_if(self, condition: bool, problem: str) -> None:
        self._note(condition, problem, DiagnosticStatus.ERROR)

    def _note(self, condition: bool, problem: str, level: bytes) -> None:
        if condition:
            self.level = max(self.level, level)
            self._lines.append(problem)

    @property
    def message(self) -> str:
        return "; ".join(self._lines)


class Health:
    """Publishes a :class:`Report` as DiagnosticStatus at 1 Hz, and within 0.1 s of a new level or message.

    Args:
        node: that publishes.
        hardware_id: of the status.
        report: called at 10 Hz for the current report.
        journal: also receives every published report.
    """

    def __init__(
        self, node: Node, hardware_id: str, report: Callable[[], Report], journal: Optional[Journal] = None
    ) -> None:
        self._journal = journal or Journal()
        self._node = node
        self._hardware_id = hardware_id
        self._report = report
        self._last: Optional[Tuple[bytes, str]] = None
        self._ticks = 0
        self._publisher = node.create_publisher(DiagnosticArray, "diagnostics", 10)
        node.create_timer(0.1, self._on_timer, clock=WALL_CLOCK)

    def _on_timer(self) -> None:
        report = self._report()
        if self._ticks % 10 == 0 or (report.level, report.message) != self._last:
            self.publish(report)
        self._ticks += 1

    def publish(self, report: Report) -> None:
        """Publish ``report`` now."""
        self._last = (report.level, report.message)
        self._journal.write("status", message=report.message, values=report.values)
        status = DiagnosticStatus(
            level=report.level,
            name=self._node.get_name(),
            message=report.message,
            hardware_id=self._hardware_id,
        )
        status.values = [KeyValue(key=key, value=value) for key, value in report.values.items()]
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)
