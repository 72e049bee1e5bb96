import socket
import threading

import numpy as np
import pytest

from wmp_core.a1 import wire
from wmp_core.a1.joints import JointOrder
from wmp_core.a1.link import A1Link, A1LinkSettings
from wmp_core.testing.tiny_bundle import tiny_contract


class WireRobot:
    """Speaks the A1's protocol; a joint that is driven is at its target with the next state.

    A test sets ``wiring`` (motor -> joint that it drives), ``sign``, or any field of the next states.
    """

    def __init__(self, q):
        self.q = JointOrder(tiny_contract().joints.names).to_motor(np.asarray(q, dtype=np.float64))
        self.wiring, self.sign = np.arange(12), np.ones(12)
        self.tick, self.tick_step, self.answers = 1000, 2, True
        self.fields = {"acc": np.float32([0, 0, 9.81]), "quat_wxyz": np.float32([1, 0, 0, 0])}
        self.commands = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        self._running = True
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self._running = False
        self._thread.join()
        self._socket.close()

    def _serve(self):
        start = self.q.copy()
        while self._running:
            try:
                data, sender = self._socket.recvfrom(2048)
            except socket.timeout:
                continue
            command = wire.decode_low_cmd(data)
            self.commands.append(command)
            for motor in np.flatnonzero(command.kp):
                joint = self.wiring[motor]
                self.q[joint] = start[joint] + self.sign[motor] * (command.q[motor] - start[motor])
            self.tick += self.tick_step
            if self.answers:
                self._socket.sendto(wire.encode_low_state(self._state()), sender)

    def _state(self):
        zeros = np.zeros(12, dtype=np.float32)
        state = {
            "gyro": zeros[:3], "rpy": zeros[:3], "q": self.q.astype(np.float32), "dq": zeros,
            "tau_est": zeros, "motor_temp": np.full(12, 30), "foot_force": np.zeros(4, np.int16),
            "tick": self.tick,
        }  # fmt: skip
        return wire.LowState(**{**state, **self.fields})


@pytest.fixture
def contract():
    return tiny_contract()


@pytest.fixture
def robot(contract):
    robot = WireRobot(contract.joints.default_position)
    yield robot
    robot.close()


@pytest.fixture
def link(robot, contract):
    return A1Link(A1LinkSettings("127.0.0.1", robot.port, local_port=0), contract.joints.names)
