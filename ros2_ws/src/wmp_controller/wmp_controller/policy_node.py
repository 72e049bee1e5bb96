"""ROS node: the control loop of the robot, and its window to ROS.

Three threads: the control thread (500 Hz, never calls ROS), the publisher thread (empties the control
thread's outbox), and the main thread (subscriptions, services, diagnostics).

Publishes ``wmp/policy_step``, ``joint_states``, ``joint_commands``, ``imu/data`` at 50 Hz, and
``diagnostics``. Subscribes ``wmp/latent``, ``cmd_vel`` and what ``depth_node`` says of itself in
``diagnostics``. Services ``~/stand_up``, ``~/walk``, ``~/sit_down``, ``~/stop`` answer once the control
thread has granted or refused the request.

``joint_commands`` holds what the controller decided. In a dry run the motors get damping instead, which
``diagnostics`` says, and the log compares the decisions with the envelope and the golden trajectory.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Any, List, Optional, Sequence

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import Imu, JointState, Joy
from std_srvs.srv import Trigger
from wmp_msgs.msg import Latent as LatentMessage
from wmp_msgs.msg import PolicyStep

from wmp_controller.control_health import control_report, event_diagnostics
from wmp_controller.control_loop import ControlError, ControlEvents, ControlLoop, CycleReport, LoopSettings
from wmp_controller.joystick_operator import JoystickOperator, RemoteOperator, pad_from_joy
from wmp_controller.mailbox import LatentMailbox, Outbox
from wmp_controller.operator import Operator, RosOperator, Script, ScriptedOperator
from wmp_controller.preflight import Preflight
from wmp_controller.report_messages import ReportMessages
from wmp_controller.silence import Silence
from wmp_core.a1.link import A1LinkSettings, LinkError
from wmp_core.a1.transport import create_link
from wmp_core.bundle import Bundle, BundleError
from wmp_core.control.controller import Controller, ControllerSettings
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.control.joystick import JoystickSettings
from wmp_core.control.modes import Request
from wmp_core.control.posture import PostureSettings
from wmp_core.control.shadow import Shadow
from wmp_core.control.walking import Latent
from wmp_core.control.watchdog import WatchdogSettings
from wmp_core.doctor.bundle import check_inference
from wmp_core.doctor.check import Check
from wmp_core.doctor.robot import check_robot, silence
from wmp_core.inference.policy import Policy
from wmp_core.inference.session import ModelError
from wmp_core.inference.world_model import WorldModel
from wmp_core.realtime import scheduling as realtime
from wmp_core.realtime.scheduling import RealtimeSettings
from wmp_core.signing import SignatureError
from wmp_ros.clock import WALL_CLOCK
from wmp_ros.health import Health, Report
from wmp_ros.parameters import declare_settings, declare_trusted_keys
from wmp_ros.qos import RELIABLE
from wmp_ros.running import run_node, spin_while

_log = logging.getLogger("policy_node")

_ANY_POSE = 2 * math.pi


class PolicyNode(Node):
    """Builds the control loop from parameters and connects it to ROS."""

    def __init__(self) -> None:
        super().__init__("policy_node")
        self._lockstep = self._parameter("lockstep", False)
        path = self._parameter("bundle", "")
        self._dry_run = self._parameter("dry_run", False)
        link_settings = self._link_settings()
        self._link = create_link(link_settings, _joint_names(path), _system_clock())
        self._preflight = Preflight(
            self._parameter("preflight", "none"),
            self._dry_run,
            self._parameter("preflight_wait", 120.0),
        )
        self._silence = Silence(link_settings, self._preflight.wait_s)
        # A port that is taken is told at once, not after the bundle's verification.
        self._link.open()
        bundle = Bundle.load(
            path,
            self._parameter("provider", "cpu"),
            trusted_keys=declare_trusted_keys(self),
        )
        self._latents = LatentMailbox()
        self._outbox = Outbox(capacity=100)
        self._operator = self._create_operator(self._parameter("operator", "ros"))
        self._bundle = bundle
        self._controller = self._create_controller(bundle)
        self._loop = self._create_loop(bundle)
        self._realtime = self._realtime_settings()
        self._graph_obstacle: Optional[str] = "the graph has not been looked at yet"
        self._listeners = self._parameter("policy_step_listeners", 2)
        self._newest: Optional[CycleReport] = None
        self._error: Optional[str] = None
        self._messages = ReportMessages(bundle.contract.joints.names)
        self._shadow = self._create_shadow(bundle)
        self._create_topics()
        self._health = Health(self, bundle.name, self._report)
        self._publisher_thread = threading.Thread(target=self._publish, name="publisher")
        self._control_thread = threading.Thread(target=self._control, name="control")
        self.get_logger().info(f"bundle {bundle.name} verified on {bundle.provider}")

    def start(self) -> None:
        self._publisher_thread.start()
        self._control_thread.start()

    @property
    def is_running(self) -> bool:
        return self._control_thread.is_alive() and self._publisher_thread.is_alive()

    def finish(self) -> Optional[str]:
        """End the threads, the robot damped; returns why the node failed, None if it did not."""
        self._loop.stop()
        self._control_thread.join()
        self._outbox.close()
        self._publisher_thread.join()
        self._health.publish(self._report())
        return self._error or self._operator.failure

    # Construction

    def _parameter(self, name: str, default: Any) -> Any:
        return self.declare_parameter(name, default).value

    def _create_operator(self, kind: str) -> Operator:
        velocity = tuple(self._parameter(f"script.{axis}", 0.0) for axis in ("vx", "vy", "yaw"))
        script = declare_settings(self, "script", Script, velocity=velocity)
        if kind == "script":
            return ScriptedOperator(script)
        if kind not in ("ros", "remote", "joy"):
            raise ValueError(f"parameter operator is {kind!r}, expected 'ros', 'remote', 'joy' or 'script'")
        operator = self._create_joystick(kind) if kind != "ros" else RosOperator(self._reply)
        for request in Request:
            self.create_service(Trigger, f"~/{request.value}", _service(operator, request, self))
        if kind == "ros":
            self.create_subscription(Twist, "cmd_vel", lambda twist: self._on_cmd_vel(operator, twist), 1)
        return operator

    def _create_joystick(self, kind: str) -> JoystickOperator:
        settings = declare_settings(self, "joystick", JoystickSettings)
        if kind == "remote":
            return RemoteOperator(self._reply, settings)
        operator = JoystickOperator(self._reply, settings)
        # As the package joy numbers an Xbox pad; the left shoulder button is the stop's first half.
        names = self._parameter("joy.buttons", ["A", "B", "X", "Y", "L2", "R1"])
        sticks = self._parameter("joy.axes", [0, 1, 3, 4])
        if len(sticks) != 4:
            raise ValueError(
                f"parameter joy.axes is {list(sticks)}, expected 4 indices: left x, y, right x, y"
            )

        def on_joy(joy: Joy) -> None:
            operator.hand(pad_from_joy(joy.axes, joy.buttons, sticks, names))

        self.create_subscription(Joy, "joy", on_joy, 10)
        return operator

    def _reply(self, future: object, refusal: Optional[str]) -> None:
        """The control thread must not call ROS: answers leave through the outbox."""
        self._outbox.put((future, refusal))

    def _link_settings(self) -> A1LinkSettings:
        return A1LinkSettings(
            transport=self._parameter("robot.transport", "udp"),
            robot_host=self._parameter("robot.address", "192.168.123.10"),
            robot_port=self._parameter("robot.port", 8007),
            local_port=self._parameter("robot.local_port", 8080),
            ticks_per_state=self._parameter("robot.ticks_per_state", 2),
            stamp_from_tick=self._lockstep,
        )

    def _create_controller(self, bundle: Bundle) -> Controller:
        settings = ControllerSettings(
            loop_period=1.0 / self._parameter("loop_rate", 500.0),
            pd=self._parameter("pd", "motor"),
            # In a dry run the joints do not follow, and the policy may begin wherever they hang.
            walk_pose_tolerance=_ANY_POSE if self._dry_run else ControllerSettings.walk_pose_tolerance,
            envelope=declare_settings(self, "envelope", EnvelopeSettings),
            posture=declare_settings(self, "posture", PostureSettings),
            watchdog=declare_settings(self, "watchdog", WatchdogSettings),
        )
        # Only h_0 is needed of the world model, which has its own node.
        initial_deter = WorldModel(bundle).reset().deter
        return Controller(bundle.contract, Policy(bundle), initial_deter, settings, bundle.calibration)

    def _create_loop(self, bundle: Bundle) -> ControlLoop:
        period = self._controller.settings.loop_period
        settings = LoopSettings(
            period=period,
            report_every=round(bundle.contract.timing.control_period / period),
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
            lambda: self._graph_obstacle,
            _system_clock(),
            self._preflight.obstacle,
        )

    def _create_shadow(self, bundle: Bundle) -> Optional[Shadow]:
        """What a dry run is told by, every ``shadow_period`` s."""
        period = self._parameter("shadow_period", 5.0)
        if not period > 0:
            raise ValueError(f"parameter shadow_period is {period}, expected a positive number of seconds")
        if not self._dry_run:
            return None
        self.get_logger().warning("dry run: everything is computed, the motors get damping only")
        self._shadow_lock = threading.Lock()
        self.create_timer(period, self._tell_shadow, clock=WALL_CLOCK)
        return Shadow(bundle.contract, bundle.golden)

    def _realtime_settings(self) -> RealtimeSettings:
        cpus = self.declare_parameter("realtime.cpus", rclpy.Parameter.Type.INTEGER_ARRAY).value or ()
        # Python's own 5 ms would let a ROS callback hold up the control thread for 2.5 cycles.
        interval = self._parameter("realtime.switch_interval", 0.0005)
        return declare_settings(
            self, "realtime", RealtimeSettings, cpus=tuple(cpus), switch_interval=interval
        )

    def _create_topics(self) -> None:
        self._step_publisher = self.create_publisher(PolicyStep, "wmp/policy_step", RELIABLE)
        self._state_publisher = self.create_publisher(JointState, "joint_states", 10)
        self._command_publisher = self.create_publisher(JointState, "joint_commands", 10)
        self._imu_publisher = self.create_publisher(Imu, "imu/data", 10)
        self._event_publisher = self.create_publisher(DiagnosticArray, "diagnostics", RELIABLE)
        self.create_subscription(LatentMessage, "wmp/latent", self._on_latent, RELIABLE)
        self.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, 10)
        self.create_timer(0.05, self._look_at_graph, clock=WALL_CLOCK)
        self.create_timer(0.1, self._look_at_robot, clock=WALL_CLOCK)

    # Main thread

    def _on_latent(self, message: LatentMessage) -> None:
        deter = np.array(message.deter, dtype=np.float32)
        self._latents.put(Latent(message.tick, deter, message.source, message.kl))

    def _on_cmd_vel(self, operator: RosOperator, twist: Twist) -> None:
        refusal = operator.command(twist.linear.x, twist.linear.y, twist.angular.z)
        if refusal is not None:
            self.get_logger().warning(refusal, throttle_duration_sec=1.0)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == "depth_node":
                self._preflight.hear("" if status.level == DiagnosticStatus.OK else status.message)

    def _look_at_robot(self) -> None:
        complaint = None if self._lockstep else self._silence.complaint(self._link.statistics)
        if complaint is not None:
            self.get_logger().error(complaint)

    def _look_at_graph(self) -> None:
        """Find out whether a walking policy would be heard and answered."""
        listeners = self._step_publisher.get_subscription_count()
        if listeners < self._listeners:
            self._graph_obstacle = (
                f"wmp/policy_step has {listeners} listeners, expected {self._listeners}: "
                "are depth_node and world_model_node running, and is there a camera?"
            )
        elif self.count_publishers("wmp/latent") == 0:
            self._graph_obstacle = "nobody publishes wmp/latent: is world_model_node running, and depth_node?"
        else:
            self._graph_obstacle = None

    def _tell_shadow(self) -> None:
        assert self._shadow is not None
        with self._shadow_lock:
            lines = self._shadow.summary()
        self.get_logger().info("\n  ".join(["dry run", *lines]))

    def _report(self) -> Report:
        report = control_report(
            self._controller, self._loop, self._link, self._newest, self._outbox.dropped, self._error
        )
        report.values["motors_get"] = "damping" if self._dry_run else "joint_commands"
        report.warn_if(self._dry_run, "dry run: the motors get damping only")
        return report

    # Publisher thread

    def _publish(self) -> None:
        try:
            self._publish_reports()
        except Exception:
            self._error = "the publisher thread failed"
            _log.exception("the publisher thread failed; the robot is left in damping")

    def _publish_reports(self) -> None:
        while True:
            item = self._outbox.get()
            if item is None:
                return
            if isinstance(item, CycleReport):
                self._publish_report(item)
            elif isinstance(item, ControlEvents):
                self._event_publisher.publish(event_diagnostics(item))
            else:
                future, refusal = item
                future.set_result(refusal)

    def _publish_report(self, report: CycleReport) -> None:
        self._newest = report
        if self._shadow is not None:
            with self._shadow_lock:
                self._shadow.take(report.cycles, report.clamps, report.step, report.command, report.state)
        if report.step is not None:
            self._step_publisher.publish(self._messages.policy_step(report))
        if report.state is not None:
            self._state_publisher.publish(self._messages.joint_states(report.state))
            self._command_publisher.publish(self._messages.joint_commands(report.command, report.state))
            self._imu_publisher.publish(self._messages.imu(report.state))

    # Control thread

    def _control(self) -> None:
        try:
            realtime.apply(self._realtime)
            if self._preflight.is_wanted:
                self._preflight.conclude(self._examine())
            self._loop.run()
        except (ControlError, LinkError) as error:
            self._error = str(error)
        except Exception:
            self._error = "the control thread failed"
            _log.exception("the control thread failed; the robot is left in damping")

    def _examine(self) -> List[Check]:
        """The robot first, once it is switched on: it is where most is wrong. It gets damping only."""
        wait_s = self._preflight.wait_s
        if not self._loop.wait_for_robot(wait_s):
            return [] if self._loop.is_stopped else [silence(0, wait_s)]
        return [*check_robot(self._link, self._bundle.contract), *check_inference(self._bundle)]


def _joint_names(bundle: str) -> Sequence[str]:
    return Bundle.load(bundle, verify=False).contract.joints.names


def _service(operator: RosOperator, request: Request, node: Node) -> Any:
    """Callback of the Trigger service for ``request``: answers when the control thread has."""

    async def serve(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        answer = Future(executor=node.executor)
        operator.submit(request, answer)
        refusal = await answer
        response.success, response.message = refusal is None, refusal or f"{request.value} granted"
        return response

    return serve


def _system_clock() -> Any:
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
