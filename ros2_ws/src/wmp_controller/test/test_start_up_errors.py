"""A failed start ends with one clear line, shown with a real process and real sockets."""

import re
import signal
import socket
import subprocess
import sys
import time

import pytest


class NodeProcess:
    """policy_node with parameters; ``wait_for(pattern)`` waits for lines of its output."""

    def __init__(self, log, **parameters):
        arguments = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
        code = "from wmp_controller.policy_node import main; raise SystemExit(main())"
        self._log = log
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, "--ros-args", *arguments],
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
        )

    @property
    def output(self):
        return self._log.read_text()

    def lines(self, pattern):
        return [line for line in self.output.splitlines() if re.search(pattern, line)]

    def wait_for(self, pattern, timeout_s=30.0):
        deadline = time.monotonic() + timeout_s
        while not self.lines(pattern):
            assert time.monotonic() < deadline, f"no line matches {pattern}\n{self.output}"
            time.sleep(0.02)
        return self.lines(pattern)


@pytest.fixture
def start(tmp_path, bundle_path):
    started = []

    def launch(**parameters):
        robot = {"robot.address": "127.0.0.1", "robot.local_port": 0, "preflight": "none"}
        given = {"bundle": bundle_path, **robot, **parameters}
        started.append(NodeProcess(tmp_path / f"node{len(started)}.log", **given))
        return started[-1]

    yield launch
    for node in started:
        node.process.kill()
        node.process.wait()


@pytest.fixture
def silent_port():
    """A UDP port that is bound and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def assert_ends_with(node, pattern):
    assert node.process.wait(timeout=30) == 1
    assert len(node.lines(pattern)) == 1, node.output
    assert "Traceback" not in node.output


def test_a_local_port_that_is_taken_ends_the_node(start, robot, silent_port):
    node = start(**{"robot.port": robot.port, "robot.local_port": silent_port})
    assert_ends_with(node, rf"local UDP port {silent_port} cannot be bound .* stop the other controller")


def test_a_second_controller_of_the_same_robot_ends_and_the_first_continues(start, robot):
    first = start(**{"robot.port": robot.port})
    first.wait_for("verified on")
    deadline = time.monotonic() + 20
    while not robot.commands and time.monotonic() < deadline:
        time.sleep(0.02)
    second = start(**{"robot.port": robot.port})
    assert_ends_with(second, rf"another program .* controls the robot at 127\.0\.0\.1:{robot.port}")
    assert first.process.poll() is None


def test_the_robot_is_free_again_once_its_controller_was_killed(start, robot):
    first = start(**{"robot.port": robot.port})
    first.wait_for("verified on")
    first.process.kill()
    first.process.wait()
    start(**{"robot.port": robot.port}).wait_for("verified on")


def test_a_wrong_address_is_reported_while_the_node_waits_for_the_robot(start, silent_port):
    node = start(**{"robot.port": silent_port})
    (line,) = node.wait_for("no state from the robot")
    assert f"127.0.0.1:{silent_port}" in line and "robot.address" in line
    assert node.process.poll() is None
    node.process.send_signal(signal.SIGTERM)
    assert node.process.wait(timeout=10) == 0


WAITING = {"preflight": "required", "dry_run": True}


def test_the_preflight_waits_for_a_robot_that_is_switched_on_later(start, robot):
    robot.answers = False
    node = start(**{"robot.port": robot.port, "preflight_wait": 300.0, **WAITING})
    (line,) = node.wait_for("no state from the robot")
    assert "waiting for 300 s: switch it on" in line
    assert robot.is_damped and not node.lines("preflight")
    robot.answers = True
    node.wait_for("preflight pass: robot link")


def test_the_preflight_waits_no_longer_than_preflight_wait(start, robot):
    robot.answers = False
    node = start(**{"robot.port": robot.port, "preflight_wait": 0.2, **WAITING})
    (line,) = node.wait_for("preflight fail")
    assert "robot link: 0 states in 0.2 s" in line and not node.lines("preflight pass")


def test_a_node_that_waits_for_the_robot_ends_on_sigterm(start, robot):
    robot.answers = False
    node = start(**{"robot.port": robot.port, "preflight_wait": 300.0, **WAITING})
    node.wait_for("no state from the robot")
    node.process.send_signal(signal.SIGTERM)
    assert node.process.wait(timeout=10) == 0


def test_a_host_that_does_not_exist_ends_the_node(start):
    assert_ends_with(start(**{"robot.address": "no-such-host.invalid"}), "robot host 'no-such-host.invalid'")


def test_with_trusted_keys_a_bundle_signed_by_none_of_them_is_refused(start, robot, tmp_path):
    keys = tmp_path / "trusted_keys.txt"
    keys.write_text(64 * "a" + " somebody's key\n")
    assert_ends_with(start(**{"robot.port": robot.port, "trusted_keys": keys}), "is not signed")
    assert not any(command.kp.any() for command in robot.commands)
