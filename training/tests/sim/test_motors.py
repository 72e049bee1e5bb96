import dataclasses

import numpy as np
import pytest
import torch

from wmp_training.sim.config import NOMINAL, PoolConfig
from wmp_training.sim.motors import Motors
from wmp_training.sim.mujoco_batch import MujocoBatch


@pytest.fixture
def simulator(contract):
    pool = PoolConfig(("flat",), flat_variants=1, randomisation=NOMINAL, motor_limits=True)
    return MujocoBatch(contract, 1, pool, seed=0, threads=1)


def torque(target, q, dq):
    return 40.0 * (target - q) - 1.0 * dq


def test_targets_within_the_limits_are_not_changed(simulator, contract):
    motors = Motors(contract, simulator.models, 1)
    target, rest = np.full((1, 12), 0.3), np.zeros((1, 12))
    np.testing.assert_allclose(motors.reachable(np.zeros(1, int), target, rest, rest), target)


def test_a_far_target_applies_the_contracts_torque_limit(simulator, contract):
    motors = Motors(contract, simulator.models, 1)
    rest = np.zeros((1, 12))
    moved = motors.reachable(np.zeros(1, int), np.full((1, 12), 2.0), rest, rest)
    np.testing.assert_allclose(torque(moved, rest, rest)[0], [20.0, 30.0, 30.0] * 4)


def test_a_motor_at_its_velocity_limit_still_brakes_but_does_not_drive(simulator, contract):
    motors = Motors(contract, simulator.models, 1)
    q, dq = np.zeros((1, 12)), np.zeros((1, 12))
    dq[0, 1] = 28.6
    ahead = motors.reachable(np.zeros(1, int), np.full((1, 12), 2.0), q, dq)
    assert torque(ahead, q, dq)[0, 1] == pytest.approx(0.0, abs=1e-9)
    behind = motors.reachable(np.zeros(1, int), np.full((1, 12), -2.0), q, dq)
    assert torque(behind, q, dq)[0, 1] == pytest.approx(-30.0)


def test_all_motors_together_stay_within_the_power_limit(simulator, contract):
    motors = Motors(contract, simulator.models, 1)
    q, dq = np.zeros((1, 12)), np.full((1, 12), 10.0)
    # 40 x 0.5 - 1 x 10 = 10 N m each: 1200 W requested, 900 W allowed.
    moved = motors.reachable(np.zeros(1, int), np.full((1, 12), 0.5), q, dq)
    np.testing.assert_allclose(torque(moved, q, dq)[0], 7.5)


def test_robots_with_motor_limits_stand_like_those_without(simulator, contract):
    default = torch.tensor(contract.joints.default_position)[None]
    pose = torch.tensor([[0.0, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0]])
    zero = torch.zeros(1, dtype=torch.long)
    simulator.place(zero, zero, pose, torch.zeros(1, 6), default, 0 * default)
    for _ in range(50):
        simulator.step(default[:, None].repeat(1, 4, 1))
    assert simulator.states().position[0, 2] == pytest.approx(0.275, abs=0.01)


def test_with_the_law_a_joint_at_its_stop_gets_no_torque_towards_it(simulator, contract):
    motors = Motors(contract, simulator.models, 1, joint_stops=True)
    q, dq = np.array([contract.joints.position_lower]), np.zeros((1, 12))
    q[0, 1] += 0.1
    moved = motors.reachable(np.zeros(1, int), q - 2.0, q, dq)
    # At the stop nothing, 0.1 rad before it 2 x 40 x 0.1 N m, and away from it all that was asked for.
    assert torque(moved, q, dq)[0, :2] == pytest.approx([0.0, -8.0])
    away = motors.reachable(np.zeros(1, int), q + 0.25, q, dq)
    np.testing.assert_allclose(torque(away, q, dq)[0], 10.0)


def test_torque_follows_its_command_with_the_time_constant_of_the_robots_world(simulator, contract):
    worlds = [simulator.models[0]] * 3
    motors = Motors(contract, worlds, 3, torque_lag=np.array([0.0, 0.005, 0.010]))
    world, target, rest = np.arange(3), np.full((3, 12), 0.25), np.zeros((3, 12))
    # 10 N m commanded; after steps of 5 ms: 10 (1 - exp(-5 n / T)).
    for expected in ([10.0, 6.321, 3.935], [10.0, 8.647, 6.321]):
        moved = motors.reachable(world, target, rest, rest)
        assert torque(moved, rest, rest)[:, 0] == pytest.approx(expected, abs=1e-3)
    motors.reset(np.array([2]))
    moved = motors.reachable(world, target, rest, rest)
    assert torque(moved, rest, rest)[1:, 0] == pytest.approx([9.502, 3.935], abs=1e-3)


def test_a_lagging_torque_still_ends_at_the_velocity_limit(simulator, contract):
    motors = Motors(contract, simulator.models, 1, torque_lag=np.array([0.010]))
    rest, target = np.zeros((1, 12)), np.full((1, 12), 2.0)
    for _ in range(20):
        motors.reachable(np.zeros(1, int), target, rest, rest)
    fast = np.full((1, 12), 0.0)
    fast[0, 1] = 28.6
    moved = motors.reachable(np.zeros(1, int), target, rest, fast)
    assert torque(moved, rest, fast)[0, 1] == pytest.approx(0.0, abs=1e-9)


def test_resume_repeats_the_physics_of_lagging_motors_exactly(contract):
    bodies = dataclasses.replace(NOMINAL, torque_lag=(0.01, 0.01))
    pool = PoolConfig(("flat",), flat_variants=1, randomisation=bodies, motor_limits=True, joint_stops=True)
    simulator = MujocoBatch(contract, 1, pool, seed=0, threads=1)
    default = torch.tensor(contract.joints.default_position)[None]
    pose = torch.tensor([[0.0, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0]])
    zero = torch.zeros(1, dtype=torch.long)
    simulator.place(zero, zero, pose, torch.zeros(1, 6), default, 0 * default)
    simulator.step(default[:, None].repeat(1, 4, 1) + 0.2)
    state = {name: value.clone() for name, value in simulator.state_dict().items()}
    simulator.step(default[:, None].repeat(1, 4, 1))
    expected = simulator.states().q.clone()
    simulator.load_state_dict(state)
    simulator.step(default[:, None].repeat(1, 4, 1))
    assert torch.equal(simulator.states().q, expected)
    without = {name: value for name, value in state.items() if name != "motor_torque"}
    simulator.load_state_dict(without)  # a checkpoint from before motors had a lag
