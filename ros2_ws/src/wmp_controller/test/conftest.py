"""Robots whose joints follow their targets, and the bundle that drives them."""

import contextlib

import numpy as np
import pytest

from wmp_testing.tiny_bundle import tiny_contract, write_tiny_bundle
from wmp_testing.wire_robot import WireRobot


class TrackingRobot(WireRobot):
    """With every state, a driven joint moves half of the way to its target."""

    def __init__(self):
        super().__init__(np.array(tiny_contract().joints.default_position) + 0.3)

    def obey(self, command):
        self.q = np.where(command.kp > 0, self.q + 0.5 * (command.q - self.q), self.q)
        ripple = 1e-3 * (self.tick // 2 % 7)  # the signal of a real IMU is never constant
        self.fields["acc"] = np.float32([0, 0, 9.81 + ripple])


@pytest.fixture
def start_robot():
    """Start another robot on each call."""
    with contextlib.ExitStack() as robots:
        yield lambda: robots.enter_context(TrackingRobot())


@pytest.fixture
def robot(start_robot):
    return start_robot()


@pytest.fixture(scope="session")
def bundle_path(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """A clock [s] that a test sets with ``now``."""
    return Clock()
