"""The simulated robot as its controller sees it."""

import math

import numpy as np
import pytest

from wmp_core.control.command import MotorCommand
from wmp_core.rotation import projected_gravity
from wmp_sim.a1 import a1_model
from wmp_sim.robot import EXCHANGE, MotorControllerSettings, SimulatedA1
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world

A1 = a1_model()


def flat_world(**options):
    return build_world(make_terrain("flat", 0.0, np.random.default_rng(0)), actuators="torque", **options)


def robot(spawn="prone"):
    return SimulatedA1(flat_world(physics_dt=0.001), spawn)


def drive(a1: SimulatedA1, q: np.ndarray, kp: float, seconds: float, kd: float = 2.0):
    """Move the position targets from where the joints are to ``q`` and return the last state."""
    start = a1.state().q
    count = round(seconds / EXCHANGE)
    for i in range(count):
        target = start + (q - start) * min(1.0, 1.5 * (i + 1) / count)
        state = a1.step(MotorCommand.position(target, np.full(12, kp), np.full(12, kd)))
    return state


def stand_up(a1: SimulatedA1):
    drive(a1, np.array([0.0, 1.3, -2.6] * 4), 60.0, 1.5)
    return drive(a1, A1.default_position, 60.0, 2.0)


def test_a_robot_that_is_switched_on_lies_on_its_trunk_at_rest():
    a1 = robot()
    truth = a1.ground_truth()
    assert truth.position[2] == pytest.approx(0.057, abs=0.005)
    assert np.abs(truth.linear_velocity).max() < 0.02
    assert not truth.fallen and a1.state().tick == 0


def test_it_stands_up_and_holds_the_default_pose_with_the_policy_gains():
    a1 = robot()
    stand_up(a1)
    state = drive(a1, A1.default_position, 40.0, 2.0, kd=1.0)
    truth = a1.ground_truth()
    assert truth.position[2] == pytest.approx(0.275, abs=0.005)
    assert np.abs(state.q - A1.default_position).max() == pytest.approx(0.12, abs=0.015)
    assert state.foot_force.sum() == pytest.approx(12.454 * 9.81, rel=0.02)
    assert not truth.fallen


@pytest.mark.parametrize("joint_stops", [False, True])
def test_a_torque_into_a_joint_stop_is_given_up_only_with_the_law(joint_stops):
    settings = MotorControllerSettings(joint_stops=joint_stops)
    a1 = SimulatedA1(flat_world(physics_dt=0.001), "prone", settings)
    zero = np.zeros(12)
    fold = np.array([0.0, 0.0, -20.0] * 4)
    for _ in range(100):
        state = a1.step(MotorCommand(zero, zero, fold, zero, zero))
    calves = state.tau_est[2::3]
    if joint_stops:
        # At rest against the stop: 80 N m/rad times the distance that is left.
        np.testing.assert_allclose(calves, -80.0 * (state.q - A1.position_lower)[2::3], atol=0.5)
        assert np.abs(calves).max() < 5.0
    else:
        np.testing.assert_allclose(calves, -20.0)


def test_sitting_down_is_no_fall():
    a1 = robot()
    stand_up(a1)
    drive(a1, np.array([0.0, 1.3, -2.6] * 4), 60.0, 1.5)
    for _ in range(500):
        a1.step(MotorCommand.damping(3.0))
    assert a1.ground_truth().position[2] < 0.1
    assert not a1.ground_truth().fallen


def test_a_robot_whose_legs_give_way_has_fallen_for_good():
    a1 = robot("standing")
    for _ in range(500):
        a1.step(MotorCommand.damping(0.1))
    assert a1.ground_truth().fallen
    stand_up(a1)
    assert a1.ground_truth().fallen


def test_a_robot_on_its_side_has_fallen():
    a1 = robot("standing")
    a1._data.qpos[3:7] = [math.cos(0.75), math.sin(0.75), 0.0, 0.0]  # 86 degrees of roll
    a1.step(MotorCommand.damping(1.0))
    assert a1.ground_truth().fallen


def test_the_same_commands_give_the_same_states_bit_for_bit():
    commands = np.random.default_rng(3).normal(A1.default_position, 0.3, (200, 12))
    runs = []
    for _ in range(2):
        a1 = robot("standing")
        runs.append([a1.step(MotorCommand.position(q, A1.kp, A1.kd)).q for q in commands])
    np.testing.assert_array_equal(*runs)


def test_the_tick_counts_milliseconds_of_simulated_time():
    a1 = robot()
    for _ in range(25):
        state = a1.step(None)
    assert state.tick == 50 and state.stamp == pytest.approx(0.05) and a1.time == pytest.approx(0.05)


def test_motors_damp_when_commands_stop_coming():
    a1 = robot("standing")
    drive(a1, A1.default_position, 40.0, 0.1, kd=1.0)
    held = [np.abs(a1.step(None).tau_est).max() for _ in range(25)]
    assert min(held) > 3.0  # the last command still counts for 50 ms
    state = a1.step(None)
    before = a1.state().dq
    state = a1.step(None)
    # Damping alone: torque opposes the motion, no spring.
    assert (np.abs(state.tau_est) <= 3.0 * np.maximum(np.abs(before), np.abs(state.dq)) + 0.5).all()


def test_sensors_follow_the_imu_convention_of_the_a1():
    a1 = robot("standing")
    state = drive(a1, A1.default_position, 40.0, 3.0)
    # At rest the accelerometer shows the reaction to gravity, upwards in the base frame.
    np.testing.assert_allclose(state.acc, -9.81 * projected_gravity(state.quat_wxyz), atol=0.2)
    np.testing.assert_allclose(state.gyro, 0.0, atol=0.05)


def test_the_gyro_turns_with_the_base():
    a1 = robot("standing")
    a1._data.qpos[2] = 5.0
    a1._data.qvel[3:6] = [0.0, 0.0, 1.0]
    before = a1.ground_truth().quaternion
    state = a1.step(MotorCommand.damping(3.0))
    assert state.gyro[2] == pytest.approx(1.0, abs=0.02)
    turned = 2 * (state.quat_wxyz[3] - before[3])
    assert turned == pytest.approx(1.0 * EXCHANGE, rel=0.05)


def test_a_world_with_position_actuators_is_refused():
    model = build_world(make_terrain("flat", 0.0, np.random.default_rng(0)), physics_dt=0.001)
    with pytest.raises(ValueError, match="expected build_world\\(..., actuators='torque'\\)"):
        SimulatedA1(model)


def test_a_time_step_that_does_not_divide_the_exchange_is_refused():
    with pytest.raises(ValueError, match="physics_dt is 0.005 s, expected a whole fraction of 0.002 s"):
        SimulatedA1(flat_world(physics_dt=0.005))


def test_a_push_changes_the_velocity_of_the_base_once():
    a1 = robot("standing")
    before = a1.ground_truth().linear_velocity
    a1.push(np.array([0.0, 0.5, 0.0]))
    a1.step(MotorCommand.damping(0.0))
    pushed = a1.ground_truth().linear_velocity
    assert pushed[1] - before[1] == pytest.approx(0.5, abs=0.15)  # less what feet and gravity take in 2 ms
    a1.step(MotorCommand.damping(0.0))
    assert abs(a1.ground_truth().linear_velocity[1] - pushed[1]) < 0.1
