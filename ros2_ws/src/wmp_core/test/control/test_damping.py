import numpy as np
import pytest

from wmp_core.control.damping import damping_gain


def test_slow_joints_are_damped_in_full():
    np.testing.assert_array_equal(damping_gain(3.0, np.array([0.0, -2.0]), 20.0, 900.0), [3.0, 3.0])


def test_a_fast_joint_is_damped_within_its_torque_limit_in_both_directions():
    # 20 N m at 10 rad/s leave 2 N m s/rad; 30 N m at 20 rad/s 1.5.
    gain = damping_gain(3.0, np.array([10.0, -20.0]), np.array([20.0, 30.0]), 1e4)
    np.testing.assert_allclose(gain, [2.0, 1.5])


def test_beyond_the_power_limit_all_gains_are_scaled_alike():
    # 3 N m s/rad x (6 rad/s)^2 are 108 W each, 216 W together: 54 W leave a quarter.
    np.testing.assert_allclose(damping_gain(3.0, np.array([6.0, -6.0, 0.0]), 20.0, 54.0), [0.75] * 3)


@pytest.mark.parametrize("reading", [np.nan, np.inf, -np.inf, 1e3, np.float32(1e30)])
def test_an_implausible_speed_does_not_reduce_the_damping_of_other_joints(reading):
    np.testing.assert_array_equal(damping_gain(3.0, np.array([reading, 1.0]), 20.0, 900.0), [3.0, 3.0])
