"""A launcher that is killed takes policy_node with it, and policy_node damps the robot on its way out."""

import os
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from wmp_core.a1 import wire
from wmp_core.a1.joints import JointOrder
from wmp_core.testing.tiny_bundle import tiny_contract, write_tiny_bundle

R1, A = 1, 1 << 8


class RobotWithRemote:
    """Answers every command with the state of a robot that stays where it is; ``buttons`` are pressed."""

    def __init__(self):
        joints = tiny_contract().joints
        self._q = JointOrder(joints.names).to_motor(np.array(joints.default_position)).astype(np.float32)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        self.buttons, self.commands, self._running = 0, [], True
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self._running = False
        self._thread.join()
        self._socket.close()

    def _serve(self):
        zeros = np.zeros(12, dtype=np.float32)
        tick = 1000
        while self._running:
            try:
                data, sender = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            self.commands.append(wire.decode_low_cmd(data))
            tick += 2
            remote = struct.pack("<2sH5f", b"\x55\x51", self.buttons, 0, 0, 0, 0, 0).ljust(40, b"\0")
            state = wire.LowState(
                quat_wxyz=np.float32([1, 0, 0, 0]), gyro=zeros[:3], acc=np.float32([0, 0, 9.81]),
                rpy=zeros[:3], q=self._q, dq=zeros, tau_est=zeros, motor_temp=np.full(12, 30),
                foot_force=np.zeros(4, dtype=np.int16), tick=tick, remote=remote,
            )  # fmt: skip
            self._socket.sendto(wire.encode_low_state(state), sender)


@pytest.fixture
def robot():
    robot = RobotWithRemote()
    yield robot
    robot.close()


def wait_for(condition, seconds=90.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


def test_a_killed_launcher_leaves_the_robot_in_damping(robot, tmp_path):
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
                "dry_run": False, "preflight": "none", "watchdog.state_age": 60.0,
            }}
            file = shipped_parameters("real")
            spec = NodeSpec("wmp_controller", "policy_node", "policy_node", file, parameters)
            with GraphProcesses([spec], dict(os.environ), Path({str(tmp_path / "log")!r})):
                time.sleep(600)
            """
        )
    )
    with subprocess.Popen([sys.executable, str(launcher)], env=dict(os.environ)) as running:
        wait_for(lambda: len(robot.commands) > 10)  # the remote is seen at rest before a press counts
        robot.buttons = R1 | A
        try:
            wait_for(lambda: robot.commands[-1].kp.any())
        finally:
            running.kill()

    def has_fallen_silent():
        count = len(robot.commands)
        time.sleep(0.3)
        return len(robot.commands) == count

    wait_for(has_fallen_silent)
    newest = robot.commands[-1]
    assert not newest.kp.any() and not newest.tau.any() and (newest.kd > 0).all()
