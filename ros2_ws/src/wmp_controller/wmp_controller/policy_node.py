"""ROS node that runs the robot's control loop and connects it to ROS.

Three threads: the control thread (500 Hz, never calls ROS), the publisher thread (empties the control
thread's outbox), and the main thread (subscriptions, services, diagnostics).

Publishes ``wmp/policy_step``, ``joint_states``, ``joint_commands``, ``imu/data`` at 50 Hz, and
``diagnostics``. Subscribes to ``wmp/latent``, ``cmd_vel``, and ``diagnostics`` for the status of the
perception nodes. Services ``~/stand_up``, ``~/walk``, ``~/sit_down``, ``~/stop`` answer once the control
thread has granted or refused the request.

``joint_commands`` holds what the controller decided. In a dry run, the default, the motors receive damping
instead: ``diagnostics`` reports it, and the log compares the decisions with the envelope and the golden
trajectory.
"""

from __future__ import annotations

import threading
from typing import Optional, Sequence

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from wmp_msgs.msg import Latent as LatentMessage

from wmp_controller.control_health import control_report
from wmp_controller.control_loop import ControlError, ControlLoop, LoopSettings
from wmp_controller.control_thread import CHECK_PERIOD, ControlThread
from wmp_controller.dry_run_log import DryRunLog
from wmp_controller.graph_monitor import GraphMonitor
from wmp_controller.mailbox import LatentMailbox, Outbox
from wmp_controller.operator import ScriptedOperator
from wmp_controller.operator_topics import create_operator
from wmp_controller.parameters import controller_settings, envelope_settings, link_settings
from wmp_controller.preflight import Preflight
from wmp_controller.report_publisher import ReportPublisher
from wmp_controller.robot_silence import RobotSilence
from wmp_controller.stamp_clock import StampClock
from wmp_core.a1.frames import WireError
from wmp_core.a1.link import LinkError
from wmp_core.a1.transport import create_link
from wmp_core.bundle import Bundle
from wmp_core.control.controller import Controller
from wmp_core.control.walking import Latent
from wmp_core.inference.session import ModelError
from wmp_core.manifest import BundleError
from wmp_core.signing import SignatureError
from wmp_core.verification import load_verified
from wmp_ros.clock import WALL_CLOCK
from wmp_ros.health import Health, Report
from wmp_ros.parameters import declare, declare_journal, declare_realtime, declare_trusted_keys
from wmp_ros.qos import RELIABLE
from wmp_ros.running import run_node, spin_while
from wmp_ros.status import node_statuses


class PolicyNode(Node):
    """Builds the control loop from parameters, owns its threads and connects them to ROS."""

    def __init__(self) -> None:
        super().__init__("policy_node")
        self._lockstep = declare(self, "lockstep", False)
        # Without a parameter file, torque must be requested explicitly.
        self._dry_run = declare(self, "dry_run", True)
        path = declare(self, "bundle", "")
        self._envelope = envelope_settings(self)
        robot = link_settings(self, self._lockstep, self._envelope)
        self._stamp_clock = StampClock()
        names = _joint_names(path)
        self._link = create_link(robot, names, self._stamp_clock)
        self._preflight = Preflight(
            declare(self, "preflight", "required"),
            self._dry_run,
            declare(self, "preflight_wait", 120.0),
            statistics=lambda: self._link.statistics,
            log=lambda level, line: self._publisher.log(level, line),
        )
        self._robot_silence = RobotSilence(robot, self._preflight.wait_s)
        # Before the bundle's verification, which takes time: a port that is taken is reported at once.
        self._link.open()
        provider = declare(self, "provider", "cpu")
        self._bundle = load_verified(path, provider, trusted_keys=declare_trusted_keys(self))
        if self._bundle.contract.joints.names != names:
            raise BundleError(f"{path} changed while it was loaded: the order of its joints is another now")
        self._latents = LatentMailbox()
        self._outbox = Outbox(capacity=100)
        journal = declare_journal(self)
        self._publisher = ReportPublisher(
            self, self._outbox, self._bundle.contract.joints.names, self._create_dry_run_log(), journal
        )
        self._operator, self._cmd_vel = create_operator(self, self._publisher.reply)
        self._controller = self._create_controller()
        self._graph_monitor = self._create_graph_monitor()
        self._loop = self._create_loop()
        self._control_thread = ControlThread(
            self._loop,
            self._link,
            self._preflight,
            self._bundle,
            declare_realtime(self),
            self._outbox,
            self._stamp_clock,
        )
        self._has_logged_send_failures = False
        self._subscribe()
        self._health = Health(self, self._bundle.name, self._report, journal)
        self.get_logger().info(f"bundle {self._bundle.name} verified on {self._bundle.provider}")

    def start(self) -> None:
        self._graph_monitor.update()
        self._publisher.start()
        self._control_thread.start()

    @property
    def is_running(self) -> bool:
        return self._control_thread.is_running and self._publisher.is_running

    def finish(self) -> Optional[str]:
        """End the threads and damp the robot; returns why the node failed, None if it did not."""
        self._control_thread.finish()
        self._publisher.finish()
        self._health.publish(self._report())
        return self._error or self._operator.failure

    @property
    def _error(self) -> Optional[str]:
        return self._control_thread.error or self._publisher.error

    # Construction

    def _create_dry_run_log(self) -> Optional[DryRunLog]:
        period = declare(self, "dry_run_report_period", 5.0)
        if not period > 0:
            raise ValueError(f"parameter dry_run_report_period is {period}, expected more than 0 s")
        return DryRunLog(self, self._bundle, period) if self._dry_run else None

    def _create_controller(self) -> Controller:
        settings = controller_settings(self, self._dry_run, self._envelope)
        # Only h_0 comes from here: the world model runs in its own node.
        initial_h = self._bundle.create_world_model().reset().h
        controller = Controller(
            self._bundle.contract, self._bundle.create_policy(), initial_h, settings, self._bundle.calibration
        )
        try:
            for extreme in controller.extremes:
                self._link.check(extreme)
        except WireError as error:  # refused here: while walking it would end the control loop
            raise ValueError(f"the bundle's limits or envelope.* exceed the A1's: {error}") from error
        return controller

    def _create_graph_monitor(self) -> GraphMonitor:
        listeners = declare(self, "policy_step_listeners", "depth_node world_model_node").split()
        return GraphMonitor(self, self._publisher, listeners, self._bundle.sha256, self._input_problem)

    def _create_loop(self) -> ControlLoop:
        period = self._controller.settings.loop_period
        settings = LoopSettings(
            period=period,
            report_every=round(self._bundle.contract.timing.control_period / period),
            lockstep=self._lockstep,
            wait_for_graph=self._lockstep or isinstance(self._operator, ScriptedOperator),
            dry_run=self._dry_run,
        )
        return ControlLoop(
            self._link,
            self._controller,
            self._operator,
            self._latents,
            self._outbox,
            settings,
            lambda: self._graph_monitor.veto,
            self._stamp_clock,
            self._preflight.veto,
        )

    def _subscribe(self) -> None:
        self.create_subscription(LatentMessage, "wmp/latent", self._on_latent, RELIABLE)
        self.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, 10)
        # Each wake-up of this thread may delay the control thread: rare, with all checks in one timer.
        self.create_timer(CHECK_PERIOD, self._on_timer, clock=WALL_CLOCK)

    # Main thread

    def _on_latent(self, message: LatentMessage) -> None:
        h = np.array(message.h, dtype=np.float32)
        self._latents.put(Latent(message.tick, h, message.source, message.kl))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in node_statuses(message):
            if status.node == "depth_node":
                self._preflight.update_depth_status(status.problem)
            self._graph_monitor.on_status(status)

    def _on_timer(self) -> None:
        self._control_thread.kill_process_if_hung()
        if self._cmd_vel is not None:
            self._cmd_vel.update()
        self._graph_monitor.update()
        self._check_link()

    def _check_link(self) -> None:
        statistics = self._link.statistics
        warning = None if self._lockstep else self._robot_silence.warning(statistics)
        if warning is not None:
            self.get_logger().error(warning)
        if statistics.send_failures and not self._has_logged_send_failures:
            self._has_logged_send_failures = True
            self.get_logger().error("a command could not be sent to the robot: check cable and network")

    def _input_problem(self) -> Optional[str]:
        return self._clock_warning() or self._command_problem()

    def _command_problem(self) -> Optional[str]:
        return None if self._cmd_vel is None else self._cmd_vel.problem

    def _clock_warning(self) -> Optional[str]:
        """In lockstep all stamps are simulated time, and a step of the system clock changes none of them."""
        return None if self._lockstep else self._stamp_clock.step_warning()

    def _report(self) -> Report:
        report = control_report(
            self._controller,
            self._loop,
            self._link,
            self._publisher.newest,
            self._outbox.dropped,
            self._error,
        )
        report.values["motors_get"] = "damping" if self._dry_run else "joint_commands"
        report.warn_if(self._dry_run, "dry run: the motors receive damping only")
        clock_warning = self._clock_warning()
        report.warn_if(clock_warning is not None, clock_warning or "")
        for problem in filter(None, (self._command_problem(), *self._graph_monitor.rivals)):
            report.error_if(True, problem)
        return report


def _joint_names(bundle: str) -> Sequence[str]:
    return Bundle.load_unverified(bundle).contract.joints.names


def serve(node: PolicyNode, stop: threading.Event) -> None:
    """Run the node until one of its threads ends or ``stop`` is set.

    Raises:
        ControlError: the node failed; the text says why.
    """
    node.start()
    try:
        spin_while(node, lambda: node.is_running and not stop.is_set())
    finally:
        failure = node.finish()
    if failure is not None:
        raise ControlError(failure)


def main() -> int:
    """Run until a signal, the end of the script, or an error; returns the exit code, 1 after an error."""
    errors = (BundleError, ModelError, SignatureError, LinkError, ValueError, ControlError)
    return run_node(PolicyNode, errors, serve)
