from dataclasses import replace

import numpy as np
import pytest

from wmp_core.bundle import Bundle
from wmp_core.inference.policy import Policy
from wmp_core.inference.world_model import WorldModel
from wmp_core.observation import RobotState
from wmp_core.testing.tiny_bundle import tiny_contract, write_tiny_bundle


@pytest.fixture(scope="session")
def contract():
    return tiny_contract()


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    return Bundle.load(write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny"))


@pytest.fixture
def policy(bundle):
    return Policy(bundle)


@pytest.fixture(scope="session")
def initial_deter(bundle):
    return WorldModel(bundle).reset().deter


@pytest.fixture
def make_state(contract):
    """A level robot at rest in the default pose, with whatever a test changes."""

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
