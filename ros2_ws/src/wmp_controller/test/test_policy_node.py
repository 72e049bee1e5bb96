"""policy_node in its own process, with real DDS on one side and a robot on UDP on the other."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Twist
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Imu, JointState, Joy
from std_srvs.srv import Trigger
from wmp_msgs.msg import Latent, PolicyStep

from wmp_core.bundle import Bundle
from wmp_core.control.modes import Request
from wmp_ros.qos import RELIABLE


@pytest.fixture
def policy_node(bundle_path):
    """Start policy_node with parameters; its process runs the code ``before`` first."""
    started = []

    def start(before="", **parameters):
        parameters = {
            "bundle": bundle_path,
            "robot.address": "127.0.0.1",
            "robot.local_port": 0,
            **parameters,
        }
        arguments = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
        code = f"{before}\nfrom wmp_controller.policy_node import main; raise SystemExit(main())"
        command = [sys.executable, "-c", code, "--ros-args", *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        sys.stdout.write(process.communicate()[0])  # pytest shows it for a failed test


class Observer:
    """A node that acts as operator and subscribes to every topic of policy_node."""

    def __init__(self):
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("observer", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        # DDS announces readers in the order of their creation. Once diagnostics arrive here, policy_node has
        # therefore discovered the readers of the services' answers; an answer sent earlier is lost.
        self.clients = {
            request: self.node.create_client(Trigger, f"policy_node/{request.value}") for request in Request
        }
        self.steps, self.states, self.imus, self.commands, self.diagnostics = [], [], [], [], []
        self.node.create_subscription(PolicyStep, "wmp/policy_step", self.steps.append, RELIABLE)
        self.node.create_subscription(JointState, "joint_states", self.states.append, 10)
        self.node.create_subscription(JointState, "joint_commands", self.commands.append, 10)
        self.node.create_subscription(Imu, "imu/data", self.imus.append, 10)
        self.node.create_subscription(DiagnosticArray, "diagnostics", self.diagnostics.append, 10)
        self.cmd_vel = self.node.create_publisher(Twist, "cmd_vel", 1)

    def wait(self, condition, timeout_s=30.0):
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"the condition did not hold within {timeout_s:g} s"
            self.executor.spin_once(timeout_sec=0.02)

    def ask(self, name):
        client = self.clients[Request(name)]
        self.wait(lambda: client.service_is_ready() and self.diagnostics)
        return client.call_async(Trigger.Request())

    def call(self, name):
        answer = self.ask(name)
        self.wait(answer.done)
        return answer.result()

    @property
    def health(self):
        """The newest status of the node (events are left out); waits for the first."""

        def own():
            return [s for message in self.diagnostics for s in message.status if s.name == "policy_node"]

        self.wait(own)
        return own()[-1]

    def wait_for_mode(self, mode):
        self.wait(lambda: self.diagnostics and self.diagnostics[-1].status[0].message == mode)

    def offer_latents(self):
        """Publish ``wmp/latent`` as world_model_node does."""
        return self.node.create_publisher(Latent, "wmp/latent", RELIABLE)


@pytest.fixture
def observer():
    observer = Observer()
    yield observer
    observer.node.destroy_node()
    rclpy.try_shutdown(context=observer.context)


def patient(robot, **parameters):
    """Parameters for torque; the age limits are so long that a busy machine or no camera trips no rule."""
    parameters = {"dry_run": False, "preflight": "none", **parameters}
    patience = ("state_age", "latent_age", "command_age", "loop_overrun", "blind_slow", "blind_stand")
    ages = {f"safety.{name}": 60.0 for name in patience}
    return {"robot.port": robot.port, **ages, **parameters}


def test_services_answer_with_the_control_threads_decision(policy_node, observer, robot):
    policy_node(**patient(robot))
    observer.wait(lambda: observer.states)
    refused = observer.call("walk")
    assert not refused.success and "depth_node and world_model_node not subscribed" in refused.message
    refused = observer.call("sit_down")
    assert not refused.success and "PASSIVE" in refused.message
    granted = observer.call("stand_up")
    assert granted.success, granted.message
    observer.wait_for_mode("STAND_UP")
    assert observer.call("stop").success
    observer.wait_for_mode("PASSIVE")


def test_a_walking_robot_publishes_its_states_commands_and_steps(policy_node, observer, robot, bundle_path):
    policy_node(**patient(robot, policy_step_listeners="observer", **{"safety.command_age": 2.0}))
    contract = Bundle.load_unverified(bundle_path).contract
    observer.wait(lambda: observer.states)
    latents = observer.offer_latents()
    assert observer.call("stand_up").success
    observer.wait_for_mode("STAND")
    observer.wait(lambda: latents.get_subscription_count() == 1)
    assert observer.call("walk").success
    command = Twist()
    command.linear.x = 0.3
    observer.cmd_vel.publish(command)
    observer.wait(lambda: any(step.command[0] > 0 for step in observer.steps))
    command.linear.x = float("nan")
    observer.cmd_vel.publish(command)
    observer.wait(lambda: observer.steps[-1].command[0] == 0)  # a NaN command counts as silence

    first = observer.steps[0]
    assert first.tick == 0 and first.is_first and first.mode == PolicyStep.WALK
    assert (
        len(first.proprioception) == contract.proprioception_size and len(first.action) == contract.num_joints
    )
    assert not any(step.is_first for step in observer.steps[1:])
    assert [step.tick for step in observer.steps] == list(range(len(observer.steps)))
    assert np.isfinite([step.command for step in observer.steps]).all()
    assert list(observer.states[-1].name) == list(contract.joints.names)
    assert len(observer.commands[-1].effort) == contract.num_joints
    assert observer.imus[-1].orientation.w == pytest.approx(1.0)
    newest = (first, observer.states[-1], observer.commands[-1], observer.imus[-1])
    assert {message.header.frame_id for message in newest} == {"base_link"}


def test_the_defaults_are_a_dry_run_and_a_preflight(policy_node, observer, robot):
    process = policy_node(**{"robot.port": robot.port})
    observer.wait(lambda: observer.call("stand_up").success)  # refused until the preflight is done
    assert {entry.key: entry.value for entry in observer.health.values}["motors_get"] == "damping"
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert "preflight pass: robot link" in output, output
    assert all(not command.kp.any() and not command.tau.any() for command in robot.commands)


def test_a_walk_is_refused_while_the_world_model_runs_another_bundle(
    policy_node, observer, robot, bundle_path
):
    policy_node(**patient(robot, policy_step_listeners="observer"))
    observer.wait(lambda: observer.states)
    latents = observer.offer_latents()
    health = observer.node.create_publisher(DiagnosticArray, "diagnostics", 10)
    observer.wait(lambda: latents.get_subscription_count() and health.get_subscription_count() >= 2)

    def wait_for_answer(sha256, wanted):
        values = [KeyValue(key="bundle_sha256", value=sha256)]
        status = DiagnosticStatus(name="world_model_node", values=values)

        def is_answered():
            health.publish(DiagnosticArray(status=[status]))
            return wanted in observer.call("walk").message

        observer.wait(is_answered)

    wait_for_answer("f" * 64, "world_model_node runs another bundle (ffffffffffff) than policy_node")
    wait_for_answer(Bundle.load_unverified(bundle_path).sha256, "walk refused in PASSIVE")


def test_a_dry_run_computes_a_walk_sends_damping_and_reports_it_everywhere(policy_node, observer, robot):
    parameters = {
        "dry_run": True,
        "policy_step_listeners": "observer",
        "dry_run_report_period": 0.5,
        "safety.command_age": 60.0,
    }
    process = policy_node(**patient(robot, **parameters))
    observer.wait(lambda: observer.states)
    latents = observer.offer_latents()
    assert observer.call("stand_up").success
    observer.wait(
        lambda: observer.diagnostics and observer.diagnostics[-1].status[0].message.startswith("STAND;")
    )
    observer.wait(lambda: latents.get_subscription_count() == 1)
    granted = observer.call("walk")  # although the joints are not in the standing pose
    assert granted.success, granted.message
    observer.wait(lambda: len(observer.steps) > 50)
    assert "dry run: the motors receive damping only" in observer.health.message
    assert {entry.key: entry.value for entry in observer.health.values}["motors_get"] == "damping"
    assert np.isfinite(observer.commands[-1].position).all()  # targets that were never sent
    assert all(not command.kp.any() and not command.tau.any() for command in robot.commands)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    assert "commands decided" in output and "golden range" in output and "newest command: FL_hip" in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_robot_in_damping_and_exits_with_0(policy_node, observer, robot, number):
    process = policy_node(**patient(robot, **{"envelope.damping_kd": 2.0}))
    observer.wait(lambda: observer.states)
    assert observer.call("stand_up").success
    observer.wait(lambda: robot.commands[-1].kp.any())
    process.send_signal(number)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0, output
    assert robot.is_damped and "Traceback" not in output
    assert np.all(robot.commands[-1].kd == 2.0)


BUG = """
import pathlib
from wmp_controller.graph_monitor import GraphMonitor
from wmp_controller.report_messages import ReportMessages
from wmp_core.control.controller import Controller

original = {place}

def broken(*arguments, **named):
    if pathlib.Path({trigger!r}).exists():
        raise RuntimeError("a bug")
    return original(*arguments, **named)

{place} = broken
"""


@pytest.mark.parametrize(
    "place", ["Controller.cycle", "ReportMessages.joint_states", "GraphMonitor.update"],
    ids=["control thread", "publisher thread", "main thread"],
)  # fmt: skip
def test_a_bug_in_any_thread_ends_the_node_and_leaves_the_robot_in_damping(
    policy_node, observer, robot, tmp_path, place
):
    trigger = tmp_path / "now"
    process = policy_node(before=BUG.format(place=place, trigger=str(trigger)), **patient(robot))
    observer.wait(lambda: observer.states)
    assert observer.call("stand_up").success
    observer.wait(lambda: robot.commands[-1].kp.any())
    trigger.touch()
    output, _ = process.communicate(timeout=20)
    assert process.returncode != 0 and "a bug" in output
    assert robot.is_damped


HANGS = """
import pathlib, time
from wmp_core.control.controller import Controller

original = Controller.cycle

def hanging(*arguments, **named):
    trigger = pathlib.Path({trigger!r})
    while trigger.exists():
        trigger.with_suffix(".reached").touch()
        time.sleep(0.02)
    return original(*arguments, **named)

Controller.cycle = hanging
"""


@pytest.mark.parametrize("number", [None, signal.SIGTERM])
def test_a_hanging_control_thread_kills_the_process_by_the_signal_after_which_the_launcher_damps(
    policy_node, observer, robot, tmp_path, number
):
    trigger = tmp_path / "now"
    process = policy_node(before=HANGS.format(trigger=str(trigger)), **patient(robot))
    observer.wait(lambda: observer.states)
    trigger.touch()
    observer.wait(trigger.with_suffix(".reached").exists)
    if number is not None:
        process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL
    assert "the control thread hangs" in output


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"operator": "autopilot"}, "'autopilot'"),
        ({"pd": "cloud"}, "'cloud'"),
        ({"loop_rate": 333.0}, "loop_period"),
        ({"loop_rate": 0.0}, "loop_rate is 0.0"),
        ({"envelope.max_kp": 2000.0}, "envelope.* exceed the A1's: command kp of FR_hip_joint is 2000"),
        ({"script.walk_seconds": -1.0}, "walk_seconds"),
        ({"operator": "joy", "joy.axes": "[0, 1]"}, "joy.axes is [0, 1], expected 4"),
        ({"dry_run_report_period": 0.0}, "dry_run_report_period is 0.0"),
        ({"bundle": "/nowhere"}, "/nowhere"),
    ],
)
def test_a_bad_parameter_ends_the_node_with_one_line_that_names_it(policy_node, parameters, expected):
    process = policy_node(**parameters)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert expected in output and "Traceback" not in output


def test_realtime_settings_that_the_system_refuses_are_only_warnings(policy_node, observer, robot):
    policy_node(**patient(robot, **{"realtime.priority": 50, "realtime.cpus": "[0]"}))
    observer.wait(lambda: observer.states)


def test_the_control_thread_has_its_priority_and_the_process_one_below(policy_node, observer, robot):
    process = policy_node(**patient(robot, **{"realtime.priority": 5}))
    observer.wait(lambda: observer.states)
    threads = [int(entry.name) for entry in Path(f"/proc/{process.pid}/task").iterdir()]
    found = sorted((os.sched_getparam(thread).sched_priority for thread in threads), reverse=True)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    if "rtprio 5" in output:
        assert set(found) == {0}
    else:
        assert found == [5] + [4] * (len(threads) - 1)


def test_a_joystick_drives_over_dds_only_while_the_dead_man_switch_is_held(policy_node, observer, robot):
    policy_node(
        **patient(robot, operator="joy", policy_step_listeners="observer", **{"safety.joystick_age": 60.0})
    )
    pad = observer.node.create_publisher(Joy, "joy", 10)
    latents = observer.offer_latents()

    def press(condition, *buttons, left_y=0.0):
        """Publish pads with these buttons, as package joy does, until ``condition`` holds."""
        order = ["A", "B", "X", "Y", "L2", "R1"]
        joy = Joy(axes=[0.0, left_y, 0.0, 0.0, 0.0, 0.0], buttons=[int(name in buttons) for name in order])

        def has_happened():
            pad.publish(joy)
            return condition()

        observer.wait(has_happened)

    def mode():
        return observer.diagnostics[-1].status[0].message.partition(";")[0] if observer.diagnostics else ""

    observer.wait(
        lambda: observer.states and pad.get_subscription_count() and latents.get_subscription_count()
    )
    press(lambda: mode() == "PASSIVE")  # a button held from the start makes no request
    press(lambda: mode() == "STAND_UP", "R1", "A")
    press(lambda: mode() == "STAND")
    press(lambda: mode() == "WALK", "R1", "X")
    press(lambda: observer.steps and observer.steps[-1].command[0] == pytest.approx(0.8), "R1", left_y=1.0)
    press(lambda: observer.steps[-1].command[0] == 0.0, left_y=1.0)
    press(lambda: mode() == "PASSIVE", "L2", "B")
    assert not observer.cmd_vel.get_subscription_count()  # one operator at a time


def test_a_failed_preflight_names_the_check_refuses_torque_and_never_a_stop(policy_node, observer, robot):
    robot.answers = False
    process = policy_node(**patient(robot, preflight="required", preflight_wait=1.0))
    observer.wait(lambda: "preflight failed" in observer.call("stand_up").message)
    refused = observer.call("stand_up")
    assert not refused.success
    assert "preflight failed, robot link: 0 states" in refused.message and "ping" in refused.message
    assert observer.call("stop").success
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=10) and process.returncode == 0


def test_while_the_preflight_waits_for_the_robot_torque_is_refused_and_a_stop_is_not(
    policy_node, observer, robot
):
    robot.answers = False
    policy_node(**patient(robot, preflight="required", preflight_wait=300.0))
    refused = observer.call("stand_up")
    assert not refused.success and "starts once the robot answers" in refused.message
    assert observer.call("stop").success
    assert robot.is_damped


DELAYED = """
import pathlib, time
from wmp_controller import control_thread

check_inference = control_thread.check_inference

def delayed(bundle):
    while not pathlib.Path({trigger!r}).exists():
        time.sleep(0.02)
    return check_inference(bundle, runs=1)

control_thread.check_inference = delayed
"""


def test_a_request_during_the_preflight_is_refused_at_its_end_and_the_robot_does_not_move(
    policy_node, observer, robot, tmp_path
):
    trigger = tmp_path / "now"
    before = DELAYED.format(trigger=str(trigger))
    process = policy_node(before=before, **patient(robot, preflight="ignored"))
    observer.wait(lambda: len(robot.commands) > 400)  # the robot is checked, the networks are next
    answer = observer.ask("stand_up")
    received = len(observer.diagnostics)
    observer.wait(lambda: len(observer.diagnostics) > received + 1)  # other callbacks still run
    assert not answer.done()
    trigger.touch()
    observer.wait(answer.done)
    assert answer.result().message == "stand_up refused: the preflight was in progress; ask again"
    observer.wait(lambda: observer.states)
    assert all(not command.kp.any() for command in robot.commands)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=10) and process.returncode == 0


def test_a_robot_that_falls_silent_in_passive_is_reported_and_its_last_state_is_not_repeated(
    policy_node, observer, robot
):
    policy_node(**patient(robot))
    observer.wait(lambda: observer.states)
    robot.answers = False
    observer.wait(lambda: "no state from the robot for" in observer.health.message)
    assert observer.health.message.startswith("PASSIVE;") and observer.health.level == DiagnosticStatus.WARN
    for messages in (observer.states, observer.imus):
        stamps = [(message.header.stamp.sec, message.header.stamp.nanosec) for message in messages]
        assert len(set(stamps)) == len(stamps)


CLOCK_SET_BACK = """
import time
from wmp_core import verification

load, true_time = verification.load_verified, time.time

def load_and_set_clock_back(*arguments, **named):
    bundle = load(*arguments, **named)
    time.time = lambda: true_time() - 3600.0
    return bundle

verification.load_verified = load_and_set_clock_back
"""


def test_a_silent_robot_is_detected_although_the_system_clock_was_set_back(policy_node, observer, robot):
    policy_node(before=CLOCK_SET_BACK, **patient(robot, **{"safety.state_age": 2.0}))
    observer.wait(lambda: observer.states)
    assert observer.call("stand_up").success
    observer.wait(lambda: robot.commands[-1].kp.any())
    robot.answers = False
    observer.wait(lambda: observer.diagnostics[-1].status[0].message.startswith("FAULT; state age"))
    assert robot.is_damped


def test_after_a_step_of_the_system_clock_a_walk_is_refused_since_every_image_would_be_late(
    policy_node, observer, robot
):
    policy_node(before=CLOCK_SET_BACK, **patient(robot, policy_step_listeners="observer"))
    latents = observer.offer_latents()
    observer.wait(lambda: latents.get_subscription_count() and observer.states)
    assert observer.call("stand_up").success
    observer.wait(lambda: any(entry.value == "STAND" for entry in observer.health.values))
    refused = observer.call("walk")
    assert not refused.success and "the system clock was set by -3600.0" in refused.message
    assert "the system clock was set" in observer.health.message


CHECKS_PASS = """
from wmp_controller import control_thread

control_thread.check_robot = control_thread.check_inference = lambda *arguments: []
"""


def test_a_preflight_does_not_hold_for_a_robot_that_was_switched_off_and_on(policy_node, observer, robot):
    policy_node(before=CHECKS_PASS, **patient(robot, preflight="required"))
    observer.wait(lambda: observer.states and robot.tick > 3000)

    def is_refused():
        robot.tick = 0
        return "the robot has restarted since the preflight" in observer.call("stand_up").message

    observer.wait(is_refused)
    assert observer.call("stop").success


def test_an_ignored_preflight_grants_torque_with_a_critical_log_line(policy_node, observer, robot):
    process = policy_node(**patient(robot, preflight="ignored"))
    robot.fields["motor_temp"] = np.full(12, 70)  # too hot for the preflight, not for the safety monitor
    observer.wait(lambda: observer.states)
    assert observer.call("stand_up").success
    observer.wait(lambda: robot.commands[-1].kp.any())
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    assert "PREFLIGHT IGNORED: stand_up although the preflight failed" in output
    assert "motor temperature: 70 degrees" in output
