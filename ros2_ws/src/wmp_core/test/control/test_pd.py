import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wmp_core.control.pd import pd_torque, torque_limited_targets

LIMIT = np.array([20.0, 30.0, 30.0])


def test_torque_of_hand_computed_errors():
    # 40 * 0.1 - 1 * 2 = 2; 40 * -0.5 - 1 * -3 = -17; 40 * 1.0 = 40, limited to 30.
    torque = pd_torque(np.array([0.1, -0.5, 1.0]), np.zeros(3), np.array([2.0, -3.0, 0.0]), 40.0, 1.0, LIMIT)
    assert np.allclose(torque, [2, -17, 30])


def test_a_target_within_the_limit_is_untouched():
    q_des = np.array([0.1, -0.2, 0.3])
    assert np.array_equal(
        torque_limited_targets(q_des, np.zeros(3), np.zeros(3), np.full(3, 40.0), 1.0, LIMIT), q_des
    )


def test_a_far_target_moves_to_where_the_torque_meets_its_limit():
    # Hip: q + 20 / 40; thigh: q + (30 + 1 * 4) / 40; calf: q + (-30 + 0) / 40.
    q, dq = np.array([0.0, 0.5, -1.5]), np.array([0.0, 4.0, 0.0])
    targets = torque_limited_targets(np.array([2.0, 3.0, -5.0]), q, dq, np.full(3, 40.0), 1.0, LIMIT)
    assert np.allclose(targets, [0.5, 1.35, -2.25])


values = st.floats(-50, 50)


@given(arrays(float, (3, 3), elements=values), arrays(float, 3, elements=st.floats(1, 200)), st.floats(0, 20))
def test_motors_with_limited_targets_apply_the_hosts_torque(rows, kp, kd):
    q_des, q, dq = rows
    targets = torque_limited_targets(q_des, q, dq, kp, kd, LIMIT)
    in_motor = kp * (targets - q) - kd * dq
    assert np.allclose(in_motor, pd_torque(q_des, q, dq, kp, kd, LIMIT), atol=1e-8)
