"""The publisher thread: publishes and logs for the control thread, which must not call ROS.

The control thread puts reports, events and answers into an outbox. This thread empties it onto
``wmp/policy_step``, ``joint_states``, ``joint_commands``, ``imu/data``, ``diagnostics``, and into the log.
"""

from __future__ import annotations

import logging
import threading
from typing import Any, NamedTuple, Optional, Sequence, Set

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from sensor_msgs.msg import Imu, JointState
from wmp_msgs.msg import PolicyStep

from wmp_controller.control_health import event_diagnostics
from wmp_controller.cycle_report import ControlEvents, CycleReport
from wmp_controller.dry_run_log import DryRunLog
from wmp_controller.mailbox import Outbox
from wmp_controller.report_messages import ReportMessages
from wmp_core.control.modes import Mode
from wmp_core.journal import Journal
from wmp_ros.qos import RELIABLE

_log = logging.getLogger("policy_node")


class _Answer(NamedTuple):
    future: Any
    refusal: Optional[str]


class _Line(NamedTuple):
    level: int
    text: str


class ReportPublisher:
    """Empties ``outbox`` in a thread of its own, from :meth:`start` to :meth:`finish` or a failure.

    Attributes:
        newest: the last report published; None before the first.
        error: why the thread failed; None while it has not.

    Args:
        node: owns the publishers.
        outbox: filled by the control thread.
        joint_names: of the contract, in its order.
        dry_run_log: receives every report; None unless this is a dry run.
        journal: receives every policy step and every event.
    """

    def __init__(
        self,
        node: Node,
        outbox: Outbox,
        joint_names: Sequence[str],
        dry_run_log: Optional[DryRunLog],
        journal: Journal,
    ) -> None:
        self._node, self._outbox = node, outbox
        self._messages = ReportMessages(joint_names)
        self._dry_run_log = dry_run_log
        self._journal = journal
        self._steps = node.create_publisher(PolicyStep, "wmp/policy_step", RELIABLE)
        self._states = node.create_publisher(JointState, "joint_states", 10)
        self._commands = node.create_publisher(JointState, "joint_commands", 10)
        self._imu = node.create_publisher(Imu, "imu/data", 10)
        self._events = node.create_publisher(DiagnosticArray, "diagnostics", RELIABLE)
        self._thread = threading.Thread(target=self._run, name="publisher")
        self.newest: Optional[CycleReport] = None
        self.error: Optional[str] = None

    @property
    def step_listeners(self) -> Set[str]:
        """Names of the nodes that subscribe to ``wmp/policy_step``."""
        topic = self._steps.topic_name
        return {info.node_name for info in self._node.get_subscriptions_info_by_topic(topic)}

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def reply(self, future: object, refusal: Optional[str]) -> None:
        """Make ``refusal`` the result of ``future``; without a future, log the refusal. Control thread.

        Returns at once; the publisher thread does the work.
        """
        self._outbox.put(_Answer(future, refusal))

    def log(self, level: int, line: str) -> None:
        """Log ``line`` in the publisher thread, at a level of :mod:`logging`. Control thread."""
        self._outbox.put(_Line(level, line))

    def finish(self) -> None:
        """Publish the rest of the outbox, then end the thread."""
        self._outbox.close()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._empty_outbox()
        except Exception:
            self.error = "the publisher thread failed"
            _log.exception("the publisher thread failed; the robot is left in damping")

    def _empty_outbox(self) -> None:
        while True:
            item = self._outbox.get()
            if item is None:
                return
            if isinstance(item, CycleReport):
                self._publish(item)
            elif isinstance(item, ControlEvents):
                self._publish_events(item)
            elif isinstance(item, _Line):
                _log.log(item.level, "%s", item.text)
            else:
                self._answer(item)

    def _publish_events(self, events: ControlEvents) -> None:
        level = logging.WARNING if events.mode is Mode.FAULT else logging.INFO
        for line in events.lines:
            _log.log(level, "%s", line)
            self._journal.write("event", stamp=events.stamp, text=line)
        self._events.publish(event_diagnostics(events))

    @staticmethod
    def _answer(answer: _Answer) -> None:
        if answer.future is not None:
            answer.future.set_result(answer.refusal)
        elif answer.refusal is not None:
            _log.warning("%s", answer.refusal)

    def _publish(self, report: CycleReport) -> None:
        before, self.newest = self.newest, report
        # The step first: the world model must answer within 20 ms from here.
        if report.step is not None:
            self._steps.publish(self._messages.policy_step(report))
            self._journal.write(
                "step",
                tick=report.step.tick,
                stamp=report.step.state.stamp,
                action=np.asarray(report.step.action, dtype="<f4").tobytes().hex(),
                compute_ms=report.compute_ms,
            )
        if report.state is not None:
            # Published again, the last state of a silent robot would look like a robot at rest.
            if before is None or report.state is not before.state:
                self._states.publish(self._messages.joint_states(report.state))
                self._imu.publish(self._messages.imu(report.state))
            self._commands.publish(self._messages.joint_commands(report.command, report.state))
        if self._dry_run_log is not None:
            self._dry_run_log.update(report)
