"""The A1 model against its data sheet and against hand-computed statics."""

import mujoco
import numpy as np
import pytest

from wmp_sim.a1 import JOINT_NAMES, LEGS, a1_model, facts
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world

GRAVITY = 9.81


def settled(model: mujoco.MjModel, seconds: float = 3.0) -> mujoco.MjData:
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    for _ in range(round(seconds / model.opt.timestep)):
        mujoco.mj_step(model, data)
    return data


def flat_world(**options) -> mujoco.MjModel:
    return build_world(make_terrain("flat", 0.0, np.random.default_rng(0)), **options)


def test_total_mass_is_the_sum_of_the_published_links():
    assert flat_world().body_mass.sum() == pytest.approx(12.454, abs=1e-9)


def test_joints_and_actuators_follow_the_contract_order():
    model = flat_world()
    assert [model.joint(i + 1).name for i in range(12)] == list(JOINT_NAMES)
    assert [f"{model.actuator(i).name}_joint" for i in range(12)] == list(JOINT_NAMES)
    assert (model.actuator_trnid[:, 0] == np.arange(1, 13)).all()


def test_ranges_and_limits_are_in_rad_and_newton_metre():
    model = flat_world()
    np.testing.assert_allclose(
        model.jnt_range[1:4], [[-0.8029, 0.8029], [-1.0472, 4.1888], [-2.6965, -0.9163]], atol=1e-4
    )
    np.testing.assert_allclose(model.actuator_forcerange[:3], [[-20, 20], [-30, 30], [-30, 30]])


def test_calf_with_its_foot_has_the_composite_inertia():
    # Calf 0.166 kg at z = -0.107388, foot 0.06 kg at z = -0.2: two point masses plus their own inertias.
    model = flat_world()
    calf = model.body("FL_calf")
    assert calf.mass[0] == pytest.approx(0.226)
    assert calf.ipos[2] == pytest.approx((0.166 * -0.107388 + 0.06 * -0.2) / 0.226)
    reduced_mass = 0.166 * 0.06 / 0.226
    distance2 = 0.092612**2 + 0.006435**2
    assert calf.inertia.max() == pytest.approx(0.003014022 + 9.6e-6 + reduced_mass * distance2, rel=1e-3)


@pytest.mark.parametrize("physics_dt", [0.005, 0.002, 0.001])
def test_stands_at_27_5_cm_with_a_sag_of_an_eighth_rad(physics_dt):
    data = settled(flat_world(physics_dt=physics_dt))
    assert data.qpos[2] == pytest.approx(0.275, abs=0.003)
    sag = np.abs(data.qpos[7:] - a1_model().default_position)
    assert sag.max() == pytest.approx(0.12, abs=0.01)
    assert np.abs(data.qvel).max() < 0.01


def test_feet_of_a_standing_robot_carry_its_weight():
    data = settled(flat_world())
    feet = np.array([data.sensor(f"{leg}_foot").data for leg in LEGS])
    assert feet[:, 2].min() > 20.0
    assert feet[:, 2].sum() == pytest.approx(12.454 * GRAVITY, rel=0.01)
    np.testing.assert_allclose(data.sensor("accelerometer").data, [0, 0, GRAVITY], atol=0.15)


def test_torque_actuators_apply_their_control_inside_the_limits():
    model = flat_world(actuators="torque")
    data = mujoco.MjData(model)
    data.ctrl[:3] = [5.0, -50.0, 50.0]
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(data.actuator_force[:3], [5.0, -30.0, 30.0])


def test_position_actuators_are_a_pd_law_with_the_documented_gain_fields():
    model = flat_world()
    model.actuator_gainprm[:, 0], model.actuator_biasprm[:, 1], model.actuator_biasprm[:, 2] = (
        10.0,
        -10.0,
        -2.0,
    )
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    data.ctrl[1] = data.qpos[8] + 0.5
    data.qvel[7] = 1.0
    mujoco.mj_forward(model, data)
    assert data.actuator_force[1] == pytest.approx(10.0 * 0.5 - 2.0 * 1.0)


@pytest.mark.parametrize(
    ("place", "touched"),
    [
        ((-0.24, 0.0), "trunk"),
        ((0.28, 0.0), "trunk"),
        ((-0.183, 0.12), "RL_shoulder"),
        ((0.183, -0.12), "FR_shoulder"),
    ],
)
def test_every_end_of_the_body_is_solid(place, touched):
    # A vertical ray from above meets the shape that a bar would meet.
    model = flat_world()
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    mujoco.mj_forward(model, data)
    geom = np.zeros(1, np.int32)
    mujoco.mj_ray(model, data, [*place, 1.0], [0.0, 0.0, -1.0], None, 1, -1, geom)
    assert model.geom(geom[0]).name == touched


@pytest.mark.parametrize(("ahead", "above"), [(0.0, 0.04), (0.0, 0.01), (0.035, -0.02), (-0.035, 0.02)])
def test_shoulders_have_flat_outer_faces(ahead, above):
    """A horizontal ray meets the face 0.144 m from the middle, at its rim as near its centre."""
    model = flat_world()
    data = mujoco.MjData(model)
    data.qpos[2] = 1.0
    mujoco.mj_forward(model, data)
    geom = np.zeros(1, np.int32)
    start = [0.183 + ahead, 1.0, 1.0 + above]
    distance = mujoco.mj_ray(model, data, start, [0.0, -1.0, 0.0], None, 1, -1, geom)
    assert model.geom(geom[0]).name == "FL_shoulder"
    assert 1.0 - distance == pytest.approx(0.144)


@pytest.mark.parametrize(
    ("shape", "half_size"),
    [
        ("FL_hip", [0.046, 0.020, 0.0]),
        ("RR_shoulder", [0.041, 0.016, 0.0]),
        ("RL_thigh", [0.017, 0.01225, 0.1]),
        ("FR_calf", [0.008, 0.008, 0.1]),
        ("FL_foot", [0.02, 0.0, 0.0]),
        ("trunk", [0.27, 0.097, 0.057]),
    ],
)
def test_collision_shapes_have_the_published_sizes(shape, half_size):
    np.testing.assert_allclose(flat_world().geom(shape).size, half_size)


def test_the_hip_sensor_counts_contacts_of_the_shoulder():
    model = flat_world()
    data = mujoco.MjData(model)
    data.qpos[2:7] = 0.14, np.cos(np.pi / 4), np.sin(np.pi / 4), 0.0, 0.0  # on its right side
    mujoco.mj_forward(model, data)
    touching = {model.geom(i).name for pair in data.contact.geom for i in pair}
    assert "FR_shoulder" in touching and "FR_hip" not in touching
    assert data.sensor("FR_hip").data[0] > 0 and data.sensor("FL_hip").data[0] == 0


def test_every_contact_has_the_friction_of_the_robots_shape():
    model = flat_world()
    model.geom("floor").friction[0] = 1.3
    for leg in LEGS:
        model.geom(f"{leg}_foot").friction[0] = 0.3
    data = settled(model, seconds=0.5)
    assert data.ncon >= 4
    np.testing.assert_allclose(data.contact.friction[:, 0], 0.3)


def test_robot_does_not_collide_with_itself():
    model = flat_world()
    data = mujoco.MjData(model)
    data.qpos[2] = 1.0
    data.qpos[7:] = [-0.8, 2.5, -2.69, 0.8, 2.5, -2.69] * 2
    mujoco.mj_forward(model, data)
    assert data.ncon == 0


def test_an_unknown_actuator_kind_is_refused():
    with pytest.raises(ValueError, match="'velocity', expected 'position' or 'torque'"):
        flat_world(actuators="velocity")


def test_limits_come_from_the_published_description():
    limit = facts()["joints"]["FL_hip_joint"]["limit"]
    assert a1_model().torque_limit[0] == float(limit["effort"]) == 20.0
    assert a1_model().velocity_limit[0] == float(limit["velocity"]) == 52.4
