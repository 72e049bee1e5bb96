"""Logs the dry-run comparison: what would have been sent, against the envelope and the golden trajectory."""

from __future__ import annotations

import threading

from rclpy.node import Node

from wmp_controller.cycle_report import CycleReport
from wmp_core.bundle import Bundle
from wmp_core.control.dry_run_comparison import DryRunComparison
from wmp_ros.clock import WALL_CLOCK


class DryRunLog:
    """Collects reports in the publisher thread and logs a summary in the main thread every ``period`` s."""

    def __init__(self, node: Node, bundle: Bundle, period: float) -> None:
        self._logger = node.get_logger()
        self._logger.warning("dry run: everything is computed, the motors receive damping only")
        self._comparison = DryRunComparison(bundle.contract, bundle.golden)
        self._lock = threading.Lock()
        node.create_timer(period, self._log_summary, clock=WALL_CLOCK)

    def update(self, report: CycleReport) -> None:
        """Add the decisions of one report."""
        with self._lock:
            self._comparison.add(report.cycles, report.clamps, report.step, report.command, report.state)

    def _log_summary(self) -> None:
        with self._lock:
            lines = self._comparison.summary()
        self._logger.info("\n  ".join(["dry run", *lines]))
