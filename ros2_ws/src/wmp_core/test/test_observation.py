import math

import numpy as np
import pytest

from wmp_core.contract import Contract
from wmp_core.observation import Proprioception, term_slices
from wmp_core.robot_state import RobotState
from wmp_testing.tiny_bundle import tiny_contract

DEFAULT = [0.1, 0.8, -1.5, -0.1, 0.8, -1.5, 0.1, 1.0, -1.5, -0.1, 1.0, -1.5]


def robot_state(**changes):
    values = {
        "quat_wxyz": np.array([1.0, 0.0, 0.0, 0.0]),
        "gyro": np.zeros(3),
        "acc": np.array([0.0, 0.0, 9.81]),
        "q": np.array(DEFAULT),
        "dq": np.zeros(12),
        "tau_est": np.zeros(12),
        "stamp": 0.0,
        "tick": 0,
    }
    return RobotState(**{**values, **changes})


def test_a_robot_at_rest_in_its_default_pose_observes_gravity_only():
    values = Proprioception(tiny_contract())(robot_state(), np.zeros(3))
    expected = np.zeros(33)
    expected[5] = -1.0
    np.testing.assert_allclose(values, expected, atol=1e-7)
    assert values.dtype == np.float32


def test_every_term_has_the_position_and_scale_of_the_paper():
    state = robot_state(
        quat_wxyz=np.array([math.cos(0.1), 0.0, math.sin(0.1), 0.0]),
        gyro=np.array([0.4, -0.8, 2.0]),
        q=np.array(DEFAULT) + np.arange(12) * 0.01,
        dq=np.arange(12.0),
    )
    values = Proprioception(tiny_contract())(state, np.array([0.5, -0.1, 0.8]))
    np.testing.assert_allclose(values[0:3], [0.1, -0.2, 0.5], rtol=1e-6)
    np.testing.assert_allclose(values[3:6], [math.sin(0.2), 0.0, -math.cos(0.2)], atol=1e-7)
    np.testing.assert_allclose(values[6:9], [0.5, -0.1, 0.2], rtol=1e-6)
    np.testing.assert_allclose(values[9:21], np.arange(12) * 0.01, atol=1e-7)
    np.testing.assert_allclose(values[21:33], np.arange(12) * 0.05, rtol=1e-6)


def test_values_are_clipped_after_scaling():
    state = robot_state(dq=np.array([1e4, -1e4] + [1999.0] * 10))
    values = Proprioception(tiny_contract())(state, np.zeros(3))
    np.testing.assert_allclose(values[21:24], [100.0, -100.0, 99.95], rtol=1e-6)


def test_terms_follow_the_order_of_the_contract():
    data = tiny_contract().to_dict()
    data["observation"]["proprioception"] = data["observation"]["proprioception"][::-1]
    reversed_order = Contract.from_dict(data)
    observe = Proprioception(reversed_order)
    assert list(observe.slices) == [
        "joint_velocity",
        "joint_position_error",
        "command",
        "projected_gravity",
        "base_angular_velocity",
    ]
    values = observe(robot_state(dq=np.full(12, 2.0)), np.array([0.5, 0.0, 0.0]))
    np.testing.assert_allclose(values[:12], 0.1, rtol=1e-6)
    assert values[24] == pytest.approx(0.5)


def test_slices_tile_the_vector():
    slices = term_slices(tiny_contract().observation.history_terms, 12)
    assert [(part.start, part.stop) for part in slices.values()] == [
        (0, 3),
        (3, 6),
        (6, 18),
        (18, 30),
        (30, 42),
    ]


def test_an_observation_is_not_overwritten_by_the_next_one():
    observe = Proprioception(tiny_contract())
    first = observe(robot_state(dq=np.ones(12)), np.zeros(3))
    observe(robot_state(dq=np.zeros(12)), np.zeros(3))
    np.testing.assert_allclose(first[21:], 0.05, rtol=1e-6)


def test_a_reading_that_is_not_finite_is_not_hidden():
    state = robot_state(gyro=np.array([math.nan, 0.0, 0.0]))
    assert math.isnan(Proprioception(tiny_contract())(state, np.zeros(3))[0])
