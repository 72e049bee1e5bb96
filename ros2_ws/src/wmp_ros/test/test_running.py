"""A node shuts down cleanly on each signal; an error that a user can fix is one line."""

import os
import signal
import subprocess
import sys

import pytest

NODE = """
import ctypes, sys, threading
from rclpy.node import Node
from std_msgs.msg import Bool
from wmp_ros import running
from wmp_ros.running import run_node, spin

class Talker(Node):
    def __init__(self):
        super().__init__("talker")
        if "--fail" in sys.argv:
            raise ValueError("no such robot")
        self.publisher = self.create_publisher(Bool, "talk", 1)

    def destroy_node(self):
        self.publisher.publish(Bool())  # ROS must still be running
        if "--hang" in sys.argv:
            ctypes.PyDLL(None).sleep(600)  # holds the GIL
        super().destroy_node()
        print("destroyed", flush=True)

def serve(node, stop):
    print("serving", flush=True)
    spin(node, stop)

if "--hang" in sys.argv:
    running.MAX_SHUTDOWN_S = 0.5
sys.exit(run_node(Talker, (ValueError,), serve))
"""


LAUNCHER = """
import os, subprocess, sys, time
environment = {**os.environ, "WMP_LAUNCHER_PID": str(os.getpid())}
subprocess.Popen([sys.executable, "-c", sys.argv[1]], env=environment)
time.sleep(600)
"""


def start(*arguments):
    command = [sys.executable, "-c", NODE, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_destroys_the_node_before_ros_shuts_down(number):
    with start() as process:
        assert process.stdout.readline() == "serving\n"
        process.send_signal(number)
        output, errors = process.communicate(timeout=20.0)
    assert (process.returncode, output) == (0, "destroyed\n")
    assert "Traceback" not in errors


def test_a_node_whose_shutdown_hangs_with_the_gil_is_ended_with_a_traceback():
    with start("--hang") as process:
        assert process.stdout.readline() == "serving\n"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20.0)
    assert process.returncode == 1
    assert "Timeout" in errors and "in destroy_node" in errors


def test_an_expected_error_gives_its_message_and_exit_code_1():
    with start("--fail") as process:
        _, errors = process.communicate(timeout=20.0)
    assert process.returncode == 1
    assert "no such robot" in errors and "Traceback" not in errors


def test_a_node_shuts_down_cleanly_when_its_launcher_is_killed():
    command = [sys.executable, "-c", LAUNCHER, NODE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as launcher:
        assert launcher.stdout.readline() == "serving\n"
        launcher.kill()
        assert launcher.stdout.read() == "destroyed\n"  # blocks until the node closes the pipe
