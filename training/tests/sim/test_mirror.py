"""A mirrored robot in a mirrored world is a valid robot."""

from dataclasses import replace

import mujoco
import pytest
import torch

from wmp_training.sim.config import NOMINAL, PoolConfig
from wmp_training.sim.mirror import Mirror, mirrored_joints, mirrored_parameters, mirrored_states
from wmp_training.sim.mujoco_batch import MujocoBatch

CALM = torch.tensor([0.1, 0.8, -1.5, -0.1, 0.8, -1.5, 0.1, 1.0, -1.5, -0.1, 1.0, -1.5])


def simulator(contract, robots, terrains=("flat",), randomisation=NOMINAL):
    pool = PoolConfig(terrains, levels=1, variants=1, flat_variants=1, randomisation=randomisation)
    return Mirror(MujocoBatch(contract, robots, pool, seed=3, threads=1))


def place(mirror, world, y=0.0, heading=0.0, q=CALM, height=0.29):
    count = len(world)
    angle = torch.tensor(heading / 2)
    pose = torch.tensor([0.0, y, height, torch.cos(angle), 0.0, 0.0, torch.sin(angle)]).repeat(count, 1)
    velocity = torch.tensor([0.3, 0.2, 0.0, 0.4, -0.3, 0.5]).repeat(count, 1)
    robots = torch.arange(count)
    mirror.place(robots, world, pose, velocity, q.repeat(count, 1), torch.zeros(count, 12))


def test_the_front_left_leg_becomes_the_front_right_one():
    joints = torch.zeros(12)
    joints[:3] = torch.tensor([0.2, 0.8, -1.5])
    found = mirrored_joints(joints)
    torch.testing.assert_close(found[3:6], torch.tensor([-0.2, 0.8, -1.5]))
    assert found[[0, 1, 2, 6, 7, 8, 9, 10, 11]].abs().sum() == 0


def test_the_default_pose_is_its_own_mirror_image():
    torch.testing.assert_close(mirrored_joints(CALM), CALM)


def test_mirroring_twice_changes_nothing(contract):
    mirror = simulator(contract, 1)
    place(mirror, torch.tensor([0]), y=0.2, heading=0.4)
    mirror.step(CALM.repeat(1, 4, 1) + 0.3 * torch.randn(1, 4, 12))
    states = mirror.states()
    again = mirrored_states(mirrored_states(states))
    for name, value in vars(states).items():
        assert torch.equal(getattr(again, name), value), name
    parameters = torch.randn(3, 29)
    assert torch.equal(mirrored_parameters(mirrored_parameters(parameters)), parameters)
    with pytest.raises(ValueError, match="teach mirror.py the new ones"):
        mirrored_parameters(torch.randn(3, 30))


def test_the_same_actions_lead_to_the_same_states_in_a_mirrored_world(contract):
    """Signs and permutations are right: physics itself, which is symmetric on flat ground, tells."""
    mirror = simulator(contract, 2)
    for model in mirror.simulator.models:
        # The published trunk is not quite symmetric: its centre of mass is 2 mm to the left.
        trunk = model.body("trunk").id
        model.body_ipos[trunk, 1], model.body_iquat[trunk] = 0.0, [1.0, 0.0, 0.0, 0.0]
        mujoco.mj_setConst(model, mujoco.MjData(model))
    place(mirror, torch.tensor([0, 1]), heading=0.3, q=CALM + 0.2 * torch.randn(12))
    generator = torch.Generator().manual_seed(5)
    touched = torch.zeros(12, dtype=torch.bool)
    for _ in range(25):
        targets = CALM + 0.3 * torch.randn(12, generator=generator)
        mirror.step(targets.expand(2, 4, 12))
        states = mirror.states()
        touched |= torch.cat([states.foot_force[0].norm(dim=-1) > 1.0, states.leg_contact[0]])
        for name, value in vars(states).items():
            tolerance = {"rtol": 1e-3, "atol": 2e-3} if value.dtype.is_floating_point else {}
            torch.testing.assert_close(
                value[0], value[1], msg=lambda m, name=name: f"{name}: {m}", **tolerance
            )
    assert touched[:4].any()
    true = mirror.simulator.states()
    assert (true.position[0, 1] + true.position[1, 1]).abs() < 1e-4 < true.position[0, 1].abs()


def test_a_mirrored_robot_sees_the_mirrored_ground(contract):
    mirror = simulator(contract, 2, terrains=("rough",))
    robots, world = torch.arange(2), torch.tensor([0, 1])
    place(mirror, world, y=0.3, heading=0.4, height=0.5)
    # The same robot in the true world, placed by hand at the mirrored place.
    place(mirror, torch.tensor([0, 0]), y=-0.3, heading=-0.4, height=0.5)
    ground, image = mirror.surroundings(robots)[0][0], mirror.depth(robots, torch.zeros(2))[0]
    place(mirror, torch.tensor([1, 1]), y=0.3, heading=0.4, height=0.5)
    flipped = ground.view(17, 11).flip(1).flatten()
    torch.testing.assert_close(mirror.surroundings(robots)[0][0], flipped)
    torch.testing.assert_close(mirror.depth(robots, torch.zeros(2))[0], image.flip(-1))
    x, y = torch.tensor([0.5, 0.5]), torch.tensor([0.3, -0.3])
    heights = mirror.ground_height(torch.tensor([1, 0]), x, y)
    assert heights[0] == heights[1] != mirror.ground_height(torch.tensor([0]), x[:1], y[:1])


def test_a_push_to_the_left_is_one_to_the_left_in_both_worlds(contract):
    mirror = simulator(contract, 2)
    place(mirror, torch.tensor([0, 1]))
    mirror.push(torch.arange(2), torch.tensor([[0.0, 0.5]]).repeat(2, 1))
    velocity = mirror.states().linear_velocity[:, 1]
    assert velocity[0] == velocity[1] == pytest.approx(0.7, abs=1e-5)


def test_a_state_with_mirrored_robots_is_restored(contract):
    mirror, again = simulator(contract, 2), simulator(contract, 2)
    place(mirror, torch.tensor([0, 1]), heading=0.3)
    again.load_state_dict(mirror.state_dict())
    for one in (mirror, again):
        one.step(CALM.expand(2, 4, 12) + 0.1)
    for name, value in vars(mirror.states()).items():
        assert torch.equal(getattr(again.states(), name), value), name


def test_properties_of_both_sides_change_places(contract):
    randomised = replace(NOMINAL, com=(0.02, 0.03), kp=(0.8, 1.2))
    worlds = simulator(contract, 1, randomisation=randomised).worlds
    own, other = worlds.parameters
    assert other[3] == -own[3] != 0 and torch.equal(other[[0, 1, 2, 4]], own[[0, 1, 2, 4]])
    assert torch.equal(other[5:8], own[8:11]) and not torch.equal(own[5:8], own[8:11])
