import numpy as np
import pytest
import torch

from wmp_training.sim.config import NOMINAL, PoolConfig
from wmp_training.sim.mujoco_batch import Motors, MujocoBatch


@pytest.fixture
def simulator(contract):
    pool = PoolConfig(("flat",), flat_variants=1, randomisation=NOMINAL, motor_limits=True)
    return MujocoBatch(contract, 1, pool, seed=0, threads=1)


def torque(target, q, dq):
    return 40.0 * (target - q) - 1.0 * dq


def test_targets_within_the_limits_are_not_changed(simulator, contract):
    motors = Motors(contract, simulator.models)
    target, rest = np.full((1, 12), 0.3), np.zeros((1, 12))
    np.testing.assert_allclose(motors.reachable(np.zeros(1, int), target, rest, rest), target)


def test_a_far_target_applies_the_contracts_torque_limit(simulator, contract):
    motors = Motors(contract, simulator.models)
    rest = np.zeros((1, 12))
    moved = motors.reachable(np.zeros(1, int), np.full((1, 12), 2.0), rest, rest)
    np.testing.assert_allclose(torque(moved, rest, rest)[0], [20.0, 30.0, 30.0] * 4)


def test_a_motor_at_its_velocity_limit_still_brakes_but_does_not_drive(simulator, contract):
    motors = Motors(contract, simulator.models)
    q, dq = np.zeros((1, 12)), np.zeros((1, 12))
    dq[0, 1] = 28.6
    ahead = motors.reachable(np.zeros(1, int), np.full((1, 12), 2.0), q, dq)
    assert torque(ahead, q, dq)[0, 1] == pytest.approx(0.0, abs=1e-9)
    behind = motors.reachable(np.zeros(1, int), np.full((1, 12), -2.0), q, dq)
    assert torque(behind, q, dq)[0, 1] == pytest.approx(-30.0)


def test_all_motors_together_stay_within_the_power_limit(simulator, contract):
    motors = Motors(contract, simulator.models)
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
