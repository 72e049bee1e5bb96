"""Robots whose joints follow their targets, and the bundle that drives them."""

import contextlib

import numpy as np
import pytest

from wmp_testing.tiny_bundle import tiny_contract, write_tiny_bundle
from wmp_testing.wire_robot import WireRobot


class ObedientRobot(WireRobot):
    """A driven joint covers half of the distance to its target with every state."""

    def __init__(self):
        super().__init__(np.array(tiny_contract().joints.default_position) + 0.3)

    def obey(self, command):
        self.q = np.where(command.kp > 0, self.q + 0.5 * (command.q - self.q), self.q)
        ripple = 1e-3 * (self.tick // 2 % 7)  # a working IMU never repeats itself
        self.fields["acc"] = np.float32([0, 0, 9.81 + ripple])


@pytest.fixture
def start_robot():
    """Start a new robot on each call."""
    with contextlib.ExitStack() as robots:
        yield lambda: robots.enter_context(ObedientRobot())


@pytest.fixture
def robot(start_robot):
    return start_robot()


@pytest.fixture(scope="session")
def bundle_path(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
