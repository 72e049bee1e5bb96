"""The law near joint stops against hand-computed torques, for a joint from -1 to 2 rad with 30 N m."""

import numpy as np
import pytest

from wmp_core.control.joint_stops import JointStops, JointStopSettings

STOPS = JointStops(np.array([-1.0]), np.array([2.0]), np.array([30.0]))


@pytest.mark.parametrize(
    ("wanted", "q", "dq", "allowed"),
    [
        (30.0, 0.5, 0.0, 30.0),  # far from both stops: the motor's own limit
        (99.0, 0.5, 0.0, 30.0),
        (30.0, 1.7, 0.0, 24.0),  # 0.3 rad before the upper stop: 2 x 40 x 0.3
        (30.0, 1.9, 0.0, 8.0),
        (30.0, 2.0, 0.0, 0.0),  # at the stop: none
        (30.0, 2.1, 0.0, -8.0),  # beyond: back
        (0.0, 2.1, 0.0, -8.0),
        (30.0, 2.9, 0.0, -30.0),  # within the torque limit
        (-30.0, 1.99, 0.0, -30.0),  # away from the stop: free
        (30.0, 1.9, 4.0, 0.0),  # as fast towards the stop as allowed: 40 x 0.1
        (30.0, 1.9, 10.0, -12.0),  # faster: 2 x (4 - 10)
        (30.0, 1.9, -5.0, 18.0),  # moving away: 2 x (4 + 5)
        (-30.0, -0.9, 0.0, -8.0),  # the lower stop likewise
        (-30.0, -0.9, -10.0, 12.0),
        (-30.0, -0.98, -15.0, 28.4),  # 2 x (15 - 0.8)
        (5.0, -0.9, 0.0, 5.0),
    ],
)
def test_torque_towards_a_stop_falls_to_zero_and_then_pushes_back(wanted, q, dq, allowed):
    found = STOPS.bounded(np.array([wanted]), np.array([q]), np.array([dq]))
    assert found[0] == pytest.approx(allowed)


def test_one_robot_and_a_batch_of_robots_get_the_same_torques():
    rng = np.random.default_rng(0)
    lower, upper, limit = np.full(12, -1.0), np.full(12, 1.0), np.full(12, 30.0)
    stops = JointStops(lower, upper, limit, JointStopSettings(k_position=20.0, k_velocity=3.0))
    torque, q, dq = rng.uniform(-1, 1, (3, 5, 12)) * np.array([60.0, 1.2, 20.0])[:, None, None]
    one_by_one = [stops.bounded(*robot) for robot in zip(torque, q, dq)]
    np.testing.assert_array_equal(stops.bounded(torque, q, dq), one_by_one)


def test_a_joint_driven_at_full_torque_comes_to_rest_at_its_stop():
    """A calf (0.015 kg m2 with its rotor) at the time step of the real loop: no overshoot beyond 1 degree."""
    q, dq, furthest = np.array([0.0]), np.array([0.0]), 0.0
    for _ in range(1000):
        dq = dq + STOPS.bounded(np.array([30.0]), q, dq) / 0.015 * 0.002
        q = q + dq * 0.002
        furthest = max(furthest, q[0])
    assert q[0] == pytest.approx(2.0, abs=1e-3) and dq[0] == pytest.approx(0.0, abs=1e-3)
    assert furthest < 2.0 + np.radians(1.0)


@pytest.mark.parametrize("setting", [{"k_position": 0.0}, {"k_velocity": -1.0}, {"k_velocity": float("nan")}])
def test_gains_that_are_not_positive_are_refused(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        JointStopSettings(**setting)
