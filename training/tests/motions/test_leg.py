import mujoco
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wmp_sim.a1 import LEGS
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world
from wmp_training.motions.leg import a1_legs

ANGLES = st.tuples(st.floats(-0.8, 0.8), st.floats(-0.6, 1.8), st.floats(-2.6, -0.95))


@pytest.fixture(scope="module")
def robot():
    model = build_world(make_terrain("flat", 0.0, np.random.default_rng(0)), "torque")
    return model, mujoco.MjData(model)


@settings(max_examples=30, deadline=None)
@given(angles=ANGLES)
def test_feet_are_where_mujoco_puts_them(robot, angles):
    model, data = robot
    data.qpos[:] = [0, 0, 0, 1, 0, 0, 0, *angles * 4]
    mujoco.mj_kinematics(model, data)
    for name, leg in zip(LEGS, a1_legs(), strict=True):
        expected = data.geom(f"{name}_foot").xpos - leg.hip
        np.testing.assert_allclose(leg.foot(np.array(angles)), expected, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(angles=ANGLES, number=st.integers(0, 3))
def test_inverse_kinematics_undoes_forward_kinematics(angles, number):
    leg = a1_legs()[number]
    _, thigh, calf = angles
    assume(np.cos(thigh) + np.cos(thigh + calf) > 0.05)  # the foot is below the hip, as on a walking robot
    np.testing.assert_allclose(leg.angles(leg.foot(np.array(angles))), angles, atol=1e-7)


def test_a_foot_straight_below_its_thigh_has_a_symmetric_knee():
    leg = a1_legs()[0]
    # Two links of 0.2 m span 0.2 m: an equilateral triangle, so 60 degrees at the thigh and 120 at the knee.
    angles = leg.angles(np.array([0.0, leg.offset, -0.2]))
    np.testing.assert_allclose(angles, [0.0, np.pi / 3, -2 * np.pi / 3], atol=1e-12)


def test_a_point_out_of_reach_is_named():
    leg = a1_legs()[0]
    with pytest.raises(ValueError, match=r"-0\.5.*out of reach"):
        leg.angles(np.array([[0.0, 0.08, -0.3], [0.0, 0.08, -0.5]]))
