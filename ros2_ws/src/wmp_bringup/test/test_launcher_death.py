"""When the launcher is killed, policy_node damps the robot and ends."""

import os
import struct
import subprocess
import sys
import textwrap
import time

import pytest

from wmp_testing.tiny_bundle import tiny_contract, write_tiny_bundle
from wmp_testing.wire_robot import WireRobot

R1, A = 1, 1 << 8


@pytest.fixture
def robot():
    with WireRobot(tiny_contract().joints.default_position) as robot:
        yield robot


def remote(buttons):
    """The bytes of the A1's remote control in a robot state, sticks centred."""
    return struct.pack("<2sH5f", b"\x55\x51", buttons, 0, 0, 0, 0, 0).ljust(40, b"\0")


def wait_for(condition, seconds=90.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.01)


def test_a_killed_launcher_leaves_the_robot_in_damping(robot, tmp_path):
    robot.fields["remote"] = remote(0)
    launcher = tmp_path / "launcher.py"
    launcher.write_text(
        textwrap.dedent(
            f"""
            import os, time
            from pathlib import Path
            from wmp_bringup.graph import NodeSpec
            from wmp_bringup.locations import shipped_parameters
            from wmp_bringup.processes import GraphProcesses

            parameters = {{
                "bundle": {str(write_tiny_bundle(tmp_path / "tiny"))!r}, "operator": "remote",
                "robot.address": "127.0.0.1", "robot.port": {robot.port}, "robot.local_port": 0,
                "dry_run": False, "preflight": "none", "safety.state_age": 60.0,
            }}
            file = shipped_parameters("real")
            spec = NodeSpec("wmp_controller", "policy_node", "policy_node", file, parameters)
            with GraphProcesses([spec], dict(os.environ), Path({str(tmp_path / "log")!r})):
                time.sleep(600)
            """
        )
    )
    with subprocess.Popen([sys.executable, str(launcher)], env=dict(os.environ)) as running:
        wait_for(lambda: len(robot.commands) > 10)  # a press counts only after the remote was seen released
        robot.fields["remote"] = remote(R1 | A)
        try:
            wait_for(lambda: robot.commands[-1].kp.any())
        finally:
            running.kill()

    def has_stopped_sending():
        count = len(robot.commands)
        time.sleep(0.3)
        return len(robot.commands) == count

    wait_for(has_stopped_sending)
    assert robot.is_damped
