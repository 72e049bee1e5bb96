import numpy as np
import pytest

from wmp_core.control.power import mechanical_power, power_share


def test_braking_counts_like_driving():
    assert mechanical_power(np.array([10.0, -5.0]), np.array([3.0, 4.0])) == 50.0


@pytest.mark.parametrize(("limit", "share"), [(100.0, 1.0), (50.0, 1.0), (25.0, 0.5)])
def test_torques_are_scaled_to_the_power_limit(limit, share):
    assert power_share(np.array([10.0, -5.0]), np.array([3.0, 4.0]), limit) == pytest.approx(share)


def test_each_robot_of_a_batch_has_its_own_share():
    torque, dq = np.array([[10.0, 10.0], [1.0, 1.0]]), np.full((2, 2), 5.0)
    np.testing.assert_array_equal(torque * power_share(torque, dq, 50.0), [[5.0, 5.0], [1.0, 1.0]])
