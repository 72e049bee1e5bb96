import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.a1.joints import MOTOR_JOINTS, JointNameError, JointOrder

POLICY_ORDER = [
    f"{leg}_{part}_joint" for leg in ("FL", "FR", "RL", "RR") for part in ("hip", "thigh", "calf")
]


def test_the_usual_joint_order_gives_the_documented_index_map():
    values = np.arange(12)
    assert JointOrder(POLICY_ORDER).to_motor(values).tolist() == [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]


@given(st.permutations(MOTOR_JOINTS))
def test_every_joint_drives_its_own_motor_whatever_the_contracts_order(names):
    order, labels = JointOrder(names), np.array(names)
    assert order.to_motor(labels).tolist() == list(MOTOR_JOINTS)
    assert order.to_contract(order.to_motor(labels)).tolist() == list(names)


@pytest.mark.parametrize(
    "names", [POLICY_ORDER[:-1], POLICY_ORDER[:-1] + ["tail_joint"], POLICY_ORDER + POLICY_ORDER[:1]]
)
def test_other_joints_are_refused(names):
    with pytest.raises(JointNameError, match="not the A1's 12"):
        JointOrder(names)
