from dataclasses import replace

import numpy as np
import pytest

from wmp_core.control.controller import Controller, ControllerSettings, VelocityCommand
from wmp_core.control.modes import Mode, Request
from wmp_core.control.posture import PostureSettings
from wmp_core.robot_state import RobotState
from wmp_core.verification import load_verified
from wmp_testing.tiny_bundle import tiny_contract, write_tiny_bundle

SHORT = PostureSettings(fold_time=0.02, rise_time=0.02, lower_time=0.02, settle_time=0.02, release_time=0.02)
PERIOD = 0.002


class Driver:
    """Calls the controller with simulated time and a robot that does not move."""

    def __init__(self, controller, make_state):
        self.controller, self.make_state, self.cycles = controller, make_state, 0
        self.velocity = None

    def cycle(self, request=None, latents=(), periods=1, fresh=True, joystick_age=None, **state):
        self.cycles += periods
        now = self.cycles * PERIOD
        velocity = None if self.velocity is None else VelocityCommand(self.velocity, now)
        # A real IMU never repeats itself.
        state.setdefault("acc", np.array([0.0, 0.0, 9.81 + 1e-3 * (self.cycles % 7)]))
        seen = self.make_state(stamp=now, tick=2 * self.cycles, **state) if fresh else None
        joystick = None if joystick_age is None else now - joystick_age
        return self.controller.cycle(seen, now, request, velocity, latents, periods, joystick)

    def cycle_many(self, count, **kwargs):
        return [self.cycle(**kwargs) for _ in range(count)]

    def stand(self):
        self.cycle(Request.STAND_UP)
        while self.controller.mode is Mode.STAND_UP:
            self.cycle()
        assert self.controller.mode is Mode.STAND

    def walk(self):
        self.stand()
        return self.cycle(Request.WALK)


@pytest.fixture(scope="session")
def contract():
    return tiny_contract()


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    return load_verified(write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny"))


@pytest.fixture
def policy(bundle):
    return bundle.create_policy()


@pytest.fixture(scope="session")
def initial_h(bundle):
    return bundle.create_world_model().reset().h


@pytest.fixture
def make_state(contract):
    """A level robot at rest in the default pose, with a test's changes."""

    def make(**changes):
        joints = contract.num_joints
        level = RobotState(
            quat_wxyz=np.array([1.0, 0.0, 0.0, 0.0]),
            gyro=np.zeros(3),
            acc=np.array([0.0, 0.0, 9.81]),
            q=np.array(contract.joints.default_position),
            dq=np.zeros(joints),
            tau_est=np.zeros(joints),
            stamp=0.0,
            tick=0,
        )
        return replace(level, **changes)

    return make


@pytest.fixture
def make_driver(contract, bundle, initial_h, make_state):
    def make(calibration=None, **settings):
        settings = ControllerSettings(posture=SHORT, **settings)
        controller = Controller(contract, bundle.create_policy(), initial_h, settings, calibration)
        return Driver(controller, make_state)

    return make


@pytest.fixture
def driver(make_driver):
    return make_driver()
