"""The motor model against hand-computed torques."""

import numpy as np
import pytest

from wmp_sim.motors import deliverable_torque, heated

LIMIT, SPEED = np.array([30.0]), np.array([28.6])


@pytest.mark.parametrize(
    ("wanted", "dq", "delivered"),
    [
        (10.0, 0.0, 10.0),
        (99.0, 0.0, 30.0),
        (-99.0, 0.0, -30.0),
        (99.0, 0.8 * 28.6, 30.0),  # full torque up to 80 % of the velocity limit
        (99.0, 0.9 * 28.6, 15.0),  # half of it half-way to the limit
        (-99.0, -0.9 * 28.6, -15.0),
        (99.0, 28.6, 0.0),  # none at the limit and beyond
        (99.0, 40.0, 0.0),
        (-99.0, 40.0, -30.0),  # braking is never limited by speed
    ],
)
def test_torque_is_limited_by_size_and_by_speed(wanted, dq, delivered):
    found = deliverable_torque(np.array([wanted]), np.array([dq]), LIMIT, SPEED)
    assert found[0] == pytest.approx(delivered)


def test_a_motor_under_load_warms_towards_its_steady_temperature():
    temperature = np.array([30.0, 30.0])
    for _ in range(20000):
        temperature = heated(temperature, np.array([0.0, 10.0]), 0.1)
    np.testing.assert_allclose(temperature, [30.0, 30.0 + 0.15 * 100.0], atol=0.1)
