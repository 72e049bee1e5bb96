"""Legs in the air are detected from their joints alone."""

import numpy as np
import pytest

from wmp_core.control.command import MotorCommand
from wmp_replay.motors.legs import foot_forces, leg_model
from wmp_replay.motors.trajectory import Trajectory
from wmp_replay.motors.windows import BEFORE, STEPS, starts_in_air
from wmp_sim.a1 import a1_model
from wmp_sim.robot import SimulatedA1
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world


@pytest.fixture(scope="module")
def standing():
    """One second of an A1 that stands still."""
    a1 = a1_model()
    world = build_world(make_terrain("flat", 0.0, np.random.default_rng(0)), "torque", 0.001)
    robot = SimulatedA1(world, "standing")
    states = []
    for exchange in range(500):
        state = robot.step(MotorCommand.position(a1.default_position, a1.kp, a1.kd))
        if exchange % 10 == 0:
            states.append(state)
    columns = [
        np.array([getattr(state, name) for state in states])
        for name in ("quat_wxyz", "gyro", "acc", "q", "dq", "tau_est")
    ]
    return Trajectory(np.zeros(50, int), *columns, np.tile(a1.default_position, (50, 1)))


def test_feet_of_a_standing_robot_carry_its_weight(standing):
    """12.45 kg x 9.81 m/s^2 = 122 N; the feet also push outwards a little."""
    force = foot_forces(leg_model(), standing, standing.torque, 0.02)
    assert force.shape == (50, 4)
    assert force.sum(axis=1).mean() == pytest.approx(122.1, rel=0.08)
    assert force.min() > 20.0


def test_legs_without_torque_miss_no_more_than_their_own_weight(standing):
    """Two kg a leg, held at its hip: much less than 20 N at the foot."""
    free = foot_forces(leg_model(), standing, np.zeros((50, 12)), 0.02)
    assert free.max() < 12.0


def test_windows_lie_in_one_run_and_in_the_air_from_the_step_before_to_the_one_after():
    run, in_air = np.zeros(30, int), np.zeros(30, bool)
    in_air[4:16] = True
    # Steps 5 to 9 with 4 before and 10 after, then 9 to 13.
    assert starts_in_air(run, in_air) == [5, 5 + STEPS]
    run[7:] = 1
    in_air[:] = False
    in_air[4:14] = True
    assert starts_in_air(run, in_air) == []  # would reach back BEFORE steps into another run
    assert BEFORE == 3
