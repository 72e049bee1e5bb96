import math
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from wmp_sim.a1 import FOOT_RADIUS, LEGS, a1_model
from wmp_sim.world import build_world
from wmp_training.evaluation.gait import Walk, feet, measure_gait
from wmp_training.evaluation.trial import Trial
from wmp_training.motions.leg import a1_legs

PERIOD = 0.02
POSE = a1_model().default_position
#: Height of the base whose front feet touch the ground in the default pose, m.
HEIGHT = FOOT_RADIUS - (a1_legs()[0].foot(POSE[:3]) + a1_legs()[0].hip)[2]
STANDS = np.array([0.0, 0.0, 30.0])


def standing(ticks):
    """The robot in its default pose, level and at rest."""
    return Walk(
        position=np.tile([0.0, 0.0, HEIGHT], (ticks, 1)),
        quat=np.tile([1.0, 0.0, 0.0, 0.0], (ticks, 1)),
        linear_velocity=np.zeros((ticks, 3)),
        angular_velocity=np.zeros((ticks, 3)),
        q=np.tile(POSE, (ticks, 1)),
        dq=np.zeros((ticks, 12)),
        foot_force=np.tile(STANDS, (ticks, 4, 1)),
    )


def stepping(ticks, stands):
    """As :func:`standing`; ``stands`` [ticks, 4] says which feet carry weight."""
    walk = standing(ticks)
    return replace(walk, foot_force=walk.foot_force * stands[..., None])


def test_duty_factors_and_their_asymmetry_leave_out_the_first_second():
    stands = np.ones((150, 4))
    stands[50:100:2, 0] = 0  # FL: 25 of 100 ticks in the air after the first second
    stands[:50] = 0
    stands[50:90, 2] = 0  # RL: 40 in the air
    gait = measure_gait(stepping(150, stands), PERIOD, walking=True)
    assert gait.duty == pytest.approx((0.75, 1.0, 0.6, 1.0))
    assert gait.asymmetry == pytest.approx(0.4 / 0.8)  # the rear pair differs more


def test_clearance_is_the_mean_height_at_the_top_of_whole_swings():
    stands = np.ones((200, 4))
    for begin, end in ((60, 70), (80, 90), (100, 102), (190, 200)):
        stands[begin:end, 1] = 0
    walk = stepping(200, stands)
    walk.position[65, 2] += 0.05
    walk.position[85, 2] += 0.03
    walk.position[101, 2] += 0.20  # 40 ms without contact are no swing
    walk.position[195, 2] += 0.10  # this swing does not end
    gait = measure_gait(walk, PERIOD, walking=True)
    assert gait.clearance[1] == pytest.approx(0.04, abs=1e-9)
    assert math.isnan(gait.clearance[0])


def test_standing_feet_that_move_with_the_base_slip():
    walk = standing(100)
    walk.linear_velocity[:, :2] = 0.3, 0.4
    assert measure_gait(walk, PERIOD, walking=True).slip == pytest.approx(0.5)
    assert measure_gait(standing(100), PERIOD, walking=True).slip == 0.0


def test_a_rolling_foot_does_not_slip():
    # The front left calf turns by w about a foot that rests: its knee moves, so the base moves with it.
    walk, rate = standing(100), 2.0
    walk.q[:, 0], thigh, calf = 0.0, POSE[1], POSE[2]
    walk.dq[:, 2] = rate
    lower = a1_legs()[0].calf * np.array([-math.sin(thigh + calf), 0.0, -math.cos(thigh + calf)])
    turned = np.cross([0.0, rate, 0.0], lower + [0.0, 0.0, -FOOT_RADIUS])
    walk.linear_velocity[:] = -turned
    walk = replace(walk, foot_force=walk.foot_force * np.array([1.0, 0.0, 0.0, 0.0])[:, None])
    assert measure_gait(walk, PERIOD, walking=True).slip == pytest.approx(0.0, abs=1e-9)


def test_feet_are_where_mujoco_has_them_and_move_as_it_says():
    model = build_world(Trial("flat", 0.0, 0).track(), "torque")
    data, random = mujoco.MjData(model), np.random.default_rng(3)
    quat = random.normal(size=4)
    data.qpos[:] = [
        *random.normal(size=3),
        *(quat / np.linalg.norm(quat)),
        *(POSE + 0.2 * random.normal(size=12)),
    ]
    data.qvel[:] = random.normal(size=18)
    mujoco.mj_forward(model, data)
    rotation = data.body("trunk").xmat.reshape(3, 3)
    state = (
        data.qpos[:3],
        data.qpos[3:7],
        rotation.T @ data.qvel[:3],
        data.qvel[3:6],
        data.qpos[7:],
        data.qvel[6:],
    )
    height, velocity = feet(Walk(*(part[None].copy() for part in state), np.zeros((1, 4, 3))))
    for number, leg in enumerate(LEGS):
        centre = data.geom(f"{leg}_foot").xpos
        lowest = centre - [0.0, 0.0, FOOT_RADIUS]
        jacobian = np.zeros((3, model.nv))
        mujoco.mj_jac(model, data, jacobian, None, lowest, model.body(f"{leg}_calf").id)
        assert height[0, number] == pytest.approx(lowest[2], abs=1e-9)
        np.testing.assert_allclose(velocity[0, number], jacobian @ data.qvel, atol=1e-9)


def test_roll_and_pitch_are_magnitudes_of_the_mean():
    walk = standing(100)
    roll, pitch = 0.1, -0.06
    walk.quat[:50, 1] = 9.0  # the first second does not count
    walk.quat[50:75] = [math.cos(roll / 2), math.sin(roll / 2), 0.0, 0.0]
    walk.quat[75:] = [math.cos(pitch / 2), 0.0, math.sin(pitch / 2), 0.0]
    gait = measure_gait(walk, PERIOD, walking=True)
    assert (gait.roll, gait.pitch) == (pytest.approx(0.05), pytest.approx(0.03))


def test_drift_is_measured_from_the_line_of_the_first_heading():
    walk = standing(100)
    heading = math.radians(30.0)
    walk.quat[:] = [math.cos(heading / 2), 0.0, 0.0, math.sin(heading / 2)]
    along = np.linspace(0.0, 10.0, 100)
    walk.position[:, 0], walk.position[:, 1] = along * math.cos(heading), along * math.sin(heading)
    assert measure_gait(walk, PERIOD, walking=True).drift == pytest.approx(0.0, abs=1e-9)
    walk.position[60, :2] += 0.4 * np.array([-math.sin(heading), math.cos(heading)])
    assert measure_gait(walk, PERIOD, walking=True).drift == pytest.approx(0.4)


def test_a_standing_robot_drifts_by_its_distance_from_the_start():
    walk = standing(100)
    walk.position[70, :2] = 0.03, -0.04
    gait = measure_gait(walk, PERIOD, walking=False)
    assert gait.drift == pytest.approx(0.05) and math.isnan(gait.asymmetry)
