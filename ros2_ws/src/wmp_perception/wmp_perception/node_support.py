"""What the nodes of this package share: settings, health, and how they run."""

from __future__ import annotations

import dataclasses
import logging
import signal
import threading
from typing import Any, Callable, Dict, List, Optional, Tuple, Type, TypeVar

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions

T = TypeVar("T")

#: Topics of the policy's loop: in lockstep nothing may be lost.
RELIABLE = QoSProfile(depth=50, reliability=ReliabilityPolicy.RELIABLE)

#: Timers count wall time, also where simulated time rules the rest.
WALL_CLOCK = Clock(clock_type=ClockType.STEADY_TIME)


def declare_settings(node: Node, prefix: str, settings: Type[T], **fixed: Any) -> T:
    """Build a dataclass of plain values from parameters ``prefix.field``, its defaults being theirs.

    Fields in ``fixed`` are given and become no parameters.
    """
    values = dict(fixed)
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        if field.name not in fixed:
            values[field.name] = node.declare_parameter(f"{prefix}.{field.name}", field.default).value
    return settings(**values)


class Report:
    """Level, message and values of one DiagnosticStatus; the worst problem sets the level."""

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
    """Publishes a :class:`Report` as DiagnosticStatus at 1 Hz, and at once when level or message change."""

    def __init__(self, node: Node, hardware_id: str, report: Callable[[], Report]) -> None:
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
        self._last = (report.level, report.message)
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


def run_node(create: Callable[[], Node], errors: Tuple[Type[BaseException], ...]) -> int:
    """Create a node, spin it until SIGINT or SIGTERM, and return the exit code.

    ``errors`` are those a user can act on: they end the process with their message instead of a traceback.
    """
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] [%(name)s]: %(message)s")
    # rclpy's own handlers would invalidate the context under a callback that is about to publish.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    node: Optional[Node] = None
    try:
        node = create()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        while not stop.is_set():
            executor.spin_once(timeout_sec=0.1)
    except errors as error:
        logging.getLogger(__package__).critical("%s", error)
        return 1
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
