"""ROS node: the control loop of the robot, and its window to ROS.

Three threads: the control thread (500 Hz, never calls ROS), the publisher thread (empties the control
thread's outbox), and the main thread (subscriptions, services, diagnostics).

Publishes ``wmp/policy_step``, ``joint_states``, ``joint_commands``, ``imu/data`` at 50 Hz, and
``diagnostics``. Subscribes ``wmp/latent``, ``cmd_vel`` and what the perception nodes say of themselves in
``diagnostics``. Services ``~/stand_up``, ``~/walk``, ``~/sit_down``, ``~/stop`` answer once the control
thread has granted or refused the request.

``joint_commands`` holds what the controller decided. In a dry run, the default, the motors get damping
instead, which ``diagnostics`` says, and the log compares the decisions with the envelope and the golden
trajectory.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Callable, Dict, List, Optional, Sequence

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from wmp_msgs.msg import Latent as LatentMessage

from wmp_controller.control_health import control_report
from wmp_controller.control_loop import ControlError, ControlEvents, ControlLoop, LoopSettings
from wmp_controller.dry_run_log import DryRunLog
from wmp_controller.heartbeat import Heartbeat
from wmp_controller.mailbox import LatentMailbox, Outbox
from wmp_controller.operator import ScriptedOperator
from wmp_controller.operator_topics import create_operator
from wmp_controller.parameters import controller_settings, envelope_settings, link_settings
from wmp_controller.preflight import Preflight
from wmp_controller.report_publisher import ReportPublisher
from wmp_controller.silence import Silence
from wmp_core.a1.frames import WireError
from wmp_core.a1.link import LinkError
from wmp_core.a1.transport import create_link
from wmp_core.bundle import Bundle
from wmp_core.control.controller import Controller
from wmp_core.control.modes import Mode
from wmp_core.control.walking import Latent
from wmp_core.doctor.bundle import check_inference
from wmp_core.doctor.check import Check
from wmp_core.doctor.robot import check_robot, silence
from wmp_core.inference.session import ModelError
from wmp_core.manifest import BundleError
from wmp_core.realtime import scheduling as realtime
from wmp_core.signing import SignatureError
from wmp_core.verification import load_verified
from wmp_ros.clock import WALL_CLOCK
from wmp_ros.health import Health, Report
from wmp_ros.parameters import declare, declare_journal, declare_realtime, declare_trusted_keys
from wmp_ros.qos import RELIABLE
from wmp_ros.running import run_node, spin_while
from wmp_ros.status import node_statuses

_log = logging.getLogger("policy_node")

#: s by which the system's time may have been set since the start: half of what an image may be off its tick.
_CLOCK_STEP = 0.02
#: s between two looks at what is around.
_LOOK_PERIOD = 0.1
#: Looks without a cycle of the control thread in between: 0.5 s, by which a walking robot has fallen.
_HANGS_FOR = 5


class PolicyNode(Node):
    """Builds the control loop from parameters, owns its threads and connects it to ROS."""

    def __init__(self) -> None:
        super().__init__("policy_node")
        self._lockstep = declare(self, "lockstep", False)
        # Whoever starts this node by itself, without a parameter file, must ask for torque.
        self._dry_run = declare(self, "dry_run", True)
        path = declare(self, "bundle", "")
        self._envelope = envelope_settings(self)
        robot = link_settings(self, self._lockstep, self._envelope)
        # One clock stamps the states and tells their age: two, begun before and after the system's time was
        # set, would disagree by as much, and the safety monitor of a silent robot with them.
        self._stamp_clock = _system_clock()
        self._link = create_link(robot, _joint_names(path), self._stamp_clock)
        self._preflight = Preflight(
            declare(self, "preflight", "required"),
            self._dry_run,
            declare(self, "preflight_wait", 120.0),
            statistics=lambda: self._link.statistics,
            log=lambda level, line: self._publisher.log(level, line),
        )
        self._silence = Silence(robot, self._preflight.wait_s)
        # A port that is taken is told at once, not after the bundle's verification.
        self._link.open()
        provider = declare(self, "provider", "cpu")
        self._bundle = load_verified(path, provider, trusted_keys=declare_trusted_keys(self))
        self._latents = LatentMailbox()
        self._outbox = Outbox(capacity=100)
        journal = declare_journal(self)
        self._publisher = ReportPublisher(
            self, self._outbox, self._bundle.contract.joints.names, self._create_dry_run_log(), journal
        )
        self._operator = create_operator(self, self._publisher.reply)
        self._controller = self._create_controller()
        self._loop = self._create_loop()
        self._realtime = declare_realtime(self)
        self._control_error: Optional[str] = None
        self._control_thread = threading.Thread(target=self._control, name="control")
        self._heartbeat = Heartbeat(_HANGS_FOR)
        self._graph_veto: Optional[str] = "the graph has not been looked at yet"
        #: By node, where it says so.
        self._bundles_of_others: Dict[str, str] = {}
        self._has_told_send_failures = False
        self._listeners = declare(self, "policy_step_listeners", "depth_node world_model_node").split()
        self._listen()
        self._health = Health(self, self._bundle.name, self._report, journal)
        self.get_logger().info(f"bundle {self._bundle.name} verified on {self._bundle.provider}")

    def start(self) -> None:
        self._look_at_graph()
        self._publisher.start()
        self._control_thread.start()

    @property
    def is_running(self) -> bool:
        return self._control_thread.is_alive() and self._publisher.is_running

    def finish(self) -> Optional[str]:
        """End the threads, the robot damped; returns why the node failed, None if it did not."""
        self._loop.stop()
        while self._control_thread.is_alive():
            self._control_thread.join(_LOOK_PERIOD)
            self._look_at_control()
        self._publisher.finish()
        self._health.publish(self._report())
        return self._error or self._operator.failure

    @property
    def _error(self) -> Optional[str]:
        return self._control_error or self._publisher.error

    # Construction

    def _create_dry_run_log(self) -> Optional[DryRunLog]:
        period = declare(self, "dry_run_report_period", 5.0)
        if not period > 0:
            raise ValueError(f"parameter dry_run_report_period is {period}, expected seconds above 0")
        return DryRunLog(self, self._bundle, period) if self._dry_run else None

    def _create_controller(self) -> Controller:
        settings = controller_settings(self, self._dry_run, self._envelope)
        # Only h_0 is needed of the world model, which has its own node.
        initial_h = self._bundle.create_world_model().reset().h
        controller = Controller(
            self._bundle.contract, self._bundle.create_policy(), initial_h, settings, self._bundle.calibration
        )
        try:
            for extreme in controller.extremes:
                self._link.check(extreme)
        except WireError as error:  # in mid-walk it would end the control loop
            raise ValueError(f"the bundle's limits or envelope.* exceed the A1's: {error}") from error
        return controller

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
            lambda: self._graph_veto,
            self._stamp_clock,
            self._preflight.veto,
        )

    def _listen(self) -> None:
        self.create_subscription(LatentMessage, "wmp/latent", self._on_latent, RELIABLE)
        self.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, 10)
        # Each time this thread wakes it may hold up the control thread: seldom, and for both at once.
        self.create_timer(_LOOK_PERIOD, self._look_around, clock=WALL_CLOCK)

    # Main thread

    def _on_latent(self, message: LatentMessage) -> None:
        h = np.array(message.h, dtype=np.float32)
        self._latents.put(Latent(message.tick, h, message.source, message.kl))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in node_statuses(message):
            if status.node == "depth_node":
                self._preflight.hear("" if status.is_ok else status.message)
            if status.node in ("depth_node", "world_model_node"):
                self._bundles_of_others[status.node] = status.values.get("bundle_sha256", self._bundle.sha256)

    def _look_around(self) -> None:
        self._look_at_control()
        self._look_at_graph()
        self._look_at_robot()

    def _look_at_control(self) -> None:
        """End a process whose control thread hangs, so that its launcher damps the robot in its place."""
        if not self._heartbeat.has_stopped(self._loop.heartbeat):
            return
        line = "the control thread hangs: policy_node kills itself, and its launcher damps the robot"
        # Not logged here: a terminal that is held up may be what hangs.
        self._outbox.put(ControlEvents(self._stamp_clock(), Mode.FAULT, (line,)))
        time.sleep(_LOOK_PERIOD)
        os.kill(os.getpid(), signal.SIGKILL)

    def _look_at_robot(self) -> None:
        complaint = None if self._lockstep else self._silence.complaint(self._link.statistics)
        if complaint is not None:
            self.get_logger().error(complaint)
        if self._link.statistics.send_failures and not self._has_told_send_failures:
            self._has_told_send_failures = True
            self.get_logger().error("a command could not be sent to the robot: check cable and network")

    def _look_at_graph(self) -> None:
        """Find out whether a walking policy would be heard and answered."""
        self._graph_veto = self._graph_veto_now()

    def _graph_veto_now(self) -> Optional[str]:
        listening = self._publisher.step_listeners
        missing = [name for name in self._listeners if name not in listening]
        if missing:
            return f"{' and '.join(missing)} not listening to wmp/policy_step: is it up, with a camera?"
        if self.count_publishers("wmp/latent") == 0:
            return "nobody publishes wmp/latent: is world_model_node running, and depth_node?"
        for name, sha256 in self._bundles_of_others.items():
            if sha256 != self._bundle.sha256:
                # Its images or latents would have the right size and the wrong meaning.
                return (
                    f"{name} runs another bundle ({sha256[:12]}) than policy_node "
                    f"({self._bundle.sha256[:12]}): restart both with the same one"
                )
        return self._clock_step()

    def _clock_step(self) -> Optional[str]:
        """Whether the system's time was set: cameras stamp with the new one, and images would come late."""
        step = time.time() - self._stamp_clock()
        if self._lockstep or abs(step) <= _CLOCK_STEP:
            return None
        return f"the system's time was set by {step:+.3f} s since policy_node started: restart it"

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
        report.warn_if(self._dry_run, "dry run: the motors get damping only")
        clock_step = self._clock_step()
        report.warn_if(clock_step is not None, clock_step or "")
        return report

    # Control thread

    def _control(self) -> None:
        try:
            realtime.apply(self._realtime, whole_process=True)
            with self._link:
                if self._preflight.is_wanted:
                    self._preflight.conclude(self._examine())
                    self._loop.refuse_waiting("the preflight was under way; ask again")
                self._loop.run()
        except (ControlError, LinkError) as error:
            self._control_error = str(error)
        except Exception:
            self._control_error = "the control thread failed"
            _log.exception("the control thread failed; the robot is left in damping")

    def _examine(self) -> List[Check]:
        """The robot first, once it is switched on: it is where most is wrong. It gets damping only."""
        wait_s = self._preflight.wait_s
        if not self._loop.wait_for_robot(wait_s):
            return [] if self._loop.is_stopped else [silence(0, wait_s)]
        return [*check_robot(self._link, self._bundle.contract), *check_inference(self._bundle)]


def _joint_names(bundle: str) -> Sequence[str]:
    return Bundle.load_unverified(bundle).contract.joints.names


def _system_clock() -> Callable[[], float]:
    """System time at the start plus monotonic time since: comparable to camera stamps, and never set back."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


def serve(node: PolicyNode, stop: threading.Event) -> None:
    """Serve ROS until the control thread ends or ``stop`` is set.

    Raises:
        ControlError: why the node failed.
    """
    node.start()
    try:
        spin_while(node, lambda: node.is_running and not stop.is_set())
    finally:
        failure = node.finish()
    if failure is not None:
        raise ControlError(failure)


def main() -> int:
    """Run until a signal, the end of the script, or an error; the exit code is 1 only after an error."""
    errors = (BundleError, ModelError, SignatureError, LinkError, ValueError, ControlError)
    return run_node(PolicyNode, errors, serve)
