import numpy as np
import pytest

from wmp_core.a1.link import A1Link, A1LinkSettings
from wmp_testing.tiny_bundle import tiny_contract
from wmp_testing.wire_robot import WireRobot


class WiredRobot(WireRobot):
    """Every commanded joint is at its target in the next state.

    A test sets ``wiring`` (motor -> joint that it drives) or ``sign``.
    """

    def __init__(self, q):
        super().__init__(q)
        self.wiring, self.sign = np.arange(12), np.ones(12)
        self._start = self.q.copy()

    def obey(self, command):
        for motor in np.flatnonzero(command.kp):
            joint = self.wiring[motor]
            self.q[joint] = self._start[joint] + self.sign[motor] * (command.q[motor] - self._start[motor])


@pytest.fixture
def contract():
    return tiny_contract()


@pytest.fixture
def robot(contract):
    with WiredRobot(contract.joints.default_position) as robot:
        yield robot


@pytest.fixture
def link(robot, contract):
    return A1Link(A1LinkSettings("127.0.0.1", robot.port, local_port=0), contract.joints.names)
