"""A robot on the A1's own wire protocol whose joints go where they are told; no physics."""

import contextlib
import socket
import threading
from dataclasses import replace

import numpy as np
import pytest

from wmp_core.a1 import wire
from wmp_core.a1.joints import JointOrder
from wmp_core.testing.tiny_bundle import tiny_contract, write_tiny_bundle


class WireRobot:
    """Answers every command with the state 2 ms later, and remembers the commands.

    A test sets ``answers``, or ``fields`` of the next states.
    """

    def __init__(self):
        joints = tiny_contract().joints
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        self._q = JointOrder(joints.names).to_motor(np.array(joints.default_position) + 0.3)
        self._tick = 1000
        self._running = True
        self.answers = True
        self.fields = {}
        self.commands = []
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._running = False
        self._thread.join()
        self._socket.close()

    @property
    def is_damped(self):
        """Whether the newest command is damping and nothing else."""
        newest = self.commands[-1]
        return not newest.kp.any() and not newest.tau.any() and (newest.kd > 0).all()

    def _serve(self):
        while self._running:
            try:
                data, sender = self._socket.recvfrom(2048)
            except socket.timeout:
                continue
            command = wire.decode_low_cmd(data)
            self.commands.append(command)
            if self.answers:
                self._socket.sendto(wire.encode_low_state(self._step(command)), sender)

    def _step(self, command):
        driven = command.kp > 0
        self._q = np.where(driven, self._q + 0.5 * (command.q - self._q), self._q)
        self._tick += 2
        zeros = np.zeros(12, dtype=np.float32)
        state = wire.LowState(
            quat_wxyz=np.float32([1, 0, 0, 0]),
            gyro=zeros[:3],
            acc=np.float32([0, 0, 9.81 + 1e-3 * (self._tick // 2 % 7)]),  # an IMU is never quite still
            rpy=zeros[:3],
            q=self._q.astype(np.float32),
            dq=zeros,
            tau_est=zeros,
            motor_temp=np.full(12, 30),
            foot_force=np.zeros(4, dtype=np.int16),
            tick=self._tick,
        )
        return replace(state, **self.fields)


@pytest.fixture
def start_robot():
    """Start a robot of its own on each call."""
    with contextlib.ExitStack() as robots:
        yield lambda: robots.enter_context(WireRobot())


@pytest.fixture
def robot(start_robot):
    return start_robot()


@pytest.fixture(scope="session")
def bundle_path(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
