import numpy as np

from wmp_core.control.pd import pd_torque

LIMIT = np.array([20.0, 30.0, 30.0])


def test_torque_of_hand_computed_errors():
    # 40 * 0.1 - 1 * 2 = 2; 40 * -0.5 - 1 * -3 = -17; 40 * 1.0 = 40, limited to 30.
    torque = pd_torque(np.array([0.1, -0.5, 1.0]), np.zeros(3), np.array([2.0, -3.0, 0.0]), 40.0, 1.0, LIMIT)
    assert np.allclose(torque, [2, -17, 30])
