from dataclasses import replace

import mujoco
import numpy as np
import pytest
import torch

from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world
from wmp_training.sim.camera import normalise
from wmp_training.sim.config import NOMINAL, PoolConfig, RandomisationConfig
from wmp_training.sim.mujoco_batch import MujocoBatch
from wmp_training.sim.mujoco_worlds import rotate_inverse
from wmp_training.sim.randomisation import randomise


@pytest.fixture
def simulator(contract):
    pool = PoolConfig(("flat", "rough"), levels=2, variants=1, flat_variants=1, randomisation=NOMINAL)
    return MujocoBatch(contract, 3, pool, seed=0, threads=1)


def place(simulator, robots, world, z=0.3):
    count = len(robots)
    pose = torch.tensor([[0.0, 0.0, z, 1.0, 0.0, 0.0, 0.0]]).repeat(count, 1)
    default = torch.tensor(simulator.models[0].key_qpos[0][7:], dtype=torch.float32).repeat(count, 1)
    simulator.place(
        torch.tensor(robots), torch.tensor(world), pose, torch.zeros(count, 6), default, 0 * default
    )
    return default


def test_robots_stand_on_their_own_world_in_the_default_pose(simulator):
    default = place(simulator, [0, 1, 2], [0, 1, 2])
    for _ in range(50):
        simulator.step(default[:, None].repeat(1, 4, 1))
    states = simulator.states()
    assert (states.position[:, 2] > 0.25).all()
    weight = float(sum(simulator.models[0].body_mass)) * 9.81
    torch.testing.assert_close(states.foot_force[:, :, 2].sum(-1), torch.full((3,), weight), rtol=0.1, atol=0)
    assert not states.trunk_contact.any() and not states.leg_contact.any()


def test_placing_one_robot_does_not_move_the_others(simulator):
    default = place(simulator, [0, 1, 2], [0, 0, 0])
    for _ in range(5):
        simulator.step(default[:, None].repeat(1, 4, 1))
    before = simulator.states().position.clone()
    place(simulator, [1], [2], z=0.5)
    after = simulator.states().position
    torch.testing.assert_close(after[[0, 2]], before[[0, 2]])
    assert after[1, 2] == 0.5


def test_stepping_equals_plain_mujoco(simulator):
    default = place(simulator, [0, 1, 2], [0, 1, 2], z=0.5)
    simulator.step(default[:, None].repeat(1, 4, 1))
    model = simulator.models[1]
    data = mujoco.MjData(model)
    data.qpos[:] = [0, 0, 0.5, 1, 0, 0, 0, *default[0].numpy()]
    mujoco.mj_forward(model, data)
    data.ctrl[:] = default[0].numpy()
    mujoco.mj_step(model, data, 4)
    np.testing.assert_allclose(simulator.batch.bind("qpos")[1], data.qpos, atol=1e-12)


def test_the_camera_sees_level_ground_where_geometry_puts_it(simulator, contract):
    place(simulator, [0, 1, 2], [0, 0, 0], z=0.4)
    image = simulator.depth(torch.tensor([0]), torch.zeros(1))[0]
    # The camera is 0.43 m above the ground; row 63 looks down by 31.5 / 57.73 per m of depth.
    focal = contract.depth.focal_length
    assert image[63, 32].item() == pytest.approx(0.43 / (31.5 / focal), rel=1e-4)
    assert image[0, 32] == 0.0
    assert normalise(contract.depth, image)[0, 32] == 0.5


def test_resume_repeats_the_physics_exactly(simulator):
    default = place(simulator, [0, 1, 2], [0, 1, 2])
    simulator.step(default[:, None].repeat(1, 4, 1) + 0.1)
    state = {name: value.clone() for name, value in simulator.state_dict().items()}
    simulator.step(default[:, None].repeat(1, 4, 1))
    expected = simulator.states().q.clone()
    simulator.load_state_dict(state)
    simulator.step(default[:, None].repeat(1, 4, 1))
    assert torch.equal(simulator.states().q, expected)


def test_randomised_properties_stay_inside_their_ranges_and_reach_the_model(simulator):
    model = simulator.models[0]
    mass = model.body("trunk").mass[0]
    config = RandomisationConfig(payload=(1.0, 1.0), friction=(0.5, 0.5), kp=(1.1, 1.1), strength=(1.0, 1.0))
    parameters = randomise(model, config, np.random.default_rng(0))
    assert model.body("trunk").mass[0] == pytest.approx(mass + 1.0)
    assert model.geom("FL_foot").friction[0] == 0.5
    np.testing.assert_allclose(model.actuator_gainprm[:, 0], 44.0)
    np.testing.assert_allclose(model.actuator_biasprm[:, 1], -44.0)
    assert parameters[:2] == pytest.approx([-0.5, 1.0])


@pytest.mark.parametrize("friction", [(0.0, 0.0), (0.3, 0.3)])
def test_joint_friction_does_not_change_the_other_draws(friction):
    """Values recorded without joint friction; released checkpoints were trained on these worlds."""
    rng = np.random.default_rng(5)
    model = build_world(make_terrain("flat", 0.0, rng))
    parameters = randomise(model, RandomisationConfig(joint_friction=friction), rng)
    expected = [0.366004, 1.923822, 0.024521, -0.342718, -0.713711, -0.188412]
    np.testing.assert_allclose(parameters[:6], expected, atol=1e-6)
    np.testing.assert_allclose(model.body_mass[2:5], [0.73761238, 0.95941563, 0.21785427], atol=1e-8)
    assert rng.random() == 0.9510229811957994
    np.testing.assert_array_equal(model.dof_frictionloss, [0.0] * 6 + [friction[0]] * 12)


def friction_of(model, shape):
    return model.geom(shape).friction[0]


def test_the_lower_friction_of_shape_and_ground_counts(simulator):
    model = simulator.models[0]
    config = RandomisationConfig(
        friction=(0.5, 0.5), calf_friction=(0.9, 0.9), thigh_friction=(1.2, 1.2), ground_friction=(0.7, 0.7)
    )
    parameters = randomise(model, config, np.random.default_rng(0))
    shapes = ("RL_foot", "FR_calf", "FL_thigh", "RR_hip", "RR_shoulder", "trunk", "floor")
    assert [friction_of(model, shape) for shape in shapes] == [0.5, 0.7, 0.7, 0.7, 0.7, 0.7, 1.0]
    assert parameters[0] == pytest.approx(0.5 - 1.0)


def test_damping_and_armature_reach_all_joints_of_a_robot_but_not_its_base(simulator):
    model, rng = simulator.models[0], np.random.default_rng(0)
    config = RandomisationConfig(joint_damping=(0.0, 0.5), armature=(0.0, 0.02))
    drawn = []
    for _ in range(50):
        randomise(model, config, rng)
        assert not model.dof_damping[:6].any() and not model.dof_armature[:6].any()
        assert np.ptp(model.dof_damping[6:]) == 0.0 and np.ptp(model.dof_armature[6:]) == 0.0
        drawn.append([model.dof_damping[6], model.dof_armature[6]])
    low, high = np.min(drawn, 0), np.max(drawn, 0)
    assert (low < [0.05, 0.002]).all() and (high > [0.45, 0.018]).all() and (high <= [0.5, 0.02]).all()


def test_worlds_with_and_without_bumps_step_together(contract):
    pool = PoolConfig(("gap", "climb", "tilt"), 2, variants=2, roughness=0.05, slot_offset=0.25)
    simulator = MujocoBatch(contract, 12, pool, seed=0, threads=1)
    default = place(simulator, range(12), range(12))
    for _ in range(25):
        simulator.step(default[:, None].repeat(1, 4, 1))
    assert (simulator.states().position[:, 2] > 0.2).all()
    ground, _ = simulator.surroundings(torch.arange(12))
    level = torch.tensor([entry % 4 >= 2 for entry in range(12)])  # of two levels with two variants each
    bumpy = ((ground > 0.001) & (ground < 0.05 + 1e-6)).float().mean(-1) > 0.05
    assert bumpy.tolist() == [bool(level[i]) and i % 2 == 1 and i < 8 for i in range(12)]


def turned(contract, **bodies):
    """Rad that each joint turns in 20 ms, without gravity, towards targets at 0.05 rad (2 N m)."""
    pool = PoolConfig(("flat",), flat_variants=1, randomisation=replace(NOMINAL, **bodies))
    simulator = MujocoBatch(contract, 1, pool, seed=0, threads=1)
    for model in simulator.models:
        model.opt.gravity[:] = 0.0
    default = place(simulator, [0], [0], z=2.0)
    simulator.step((default + 2.0 / 40.0)[:, None].repeat(1, 4, 1))
    return (simulator.states().q - default).abs()


def test_damping_brakes_a_turning_joint(contract):
    free, damped = (turned(contract, joint_damping=(value, value)).max().item() for value in (0.0, 2.0))
    assert damped < 0.7 * free


def test_a_joint_holds_against_less_torque_than_its_friction(contract):
    free, held = (turned(contract, joint_friction=(value, value)).min().item() for value in (0.0, 3.0))
    assert free > 0.01 and held < 0.001


def test_world_vectors_are_rotated_into_the_base_frame():
    half = np.pi / 4
    yaw_left = torch.tensor([[np.cos(half), 0.0, 0.0, np.sin(half)]], dtype=torch.float32)
    torch.testing.assert_close(
        rotate_inverse(yaw_left, torch.tensor([[0.0, 1.0, 0.0]])),
        torch.tensor([[1.0, 0.0, 0.0]]),
        atol=1e-6,
        rtol=0,
    )
