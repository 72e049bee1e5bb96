"""The audit finds what lies outside of the contract, and only that; limits worked out by hand."""

import dataclasses

import numpy as np
import pytest

from wmp_core.contract import JointContract
from wmp_core.control.command import MotorCommand
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.robot_state import RobotState
from wmp_sim.wire_audit import WireAudit

JOINTS = JointContract(
    names=tuple(f"joint_{index}" for index in range(12)),
    default_position=(0.0,) * 12,
    position_lower=(-1.0,) * 12,
    position_upper=(1.0,) * 12,
    velocity_limit=(20.0,) * 12,
    torque_limit=(20.0,) * 12,
    kp=(40.0,) * 12,
    kd=(1.0,) * 12,
)
STATE = RobotState(
    quat_wxyz=np.array([1.0, 0.0, 0.0, 0.0]),
    gyro=np.zeros(3),
    acc=np.zeros(3),
    q=np.zeros(12),
    dq=np.zeros(12),
    tau_est=np.zeros(12),
    stamp=0.0,
    tick=0,
    motor_temperature=np.full(12, 30.0),
)


def position(q=0.0, kp=40.0, kd=1.0):
    return MotorCommand.position(np.full(12, q), np.full(12, kp), np.full(12, kd))


def violation(command, *states, memory=1):
    audit = WireAudit(JOINTS, EnvelopeSettings(), memory)
    for state in states:
        audit.on_state(state)
    audit.on_command(command)
    assert (audit.commands, audit.outside) == (1, bool(audit.first_violation))
    return audit.first_violation


@pytest.mark.parametrize("command", [position(0.5), position(-0.5), MotorCommand.damping(3.0)])
def test_twenty_newton_metres_and_damping_are_inside(command):
    assert violation(command, STATE) == ""  # 40 N m/rad x 0.5 rad


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (position(0.51), "torque or power, 0.40 N m too much"),
        (position(3.2, kp=1.0), "position"),
        (position(np.nan), "not finite"),
        (position(kp=201.0), "gain"),
        (dataclasses.replace(position(), dq=np.full(12, 21.0)), "velocity"),
        (MotorCommand.torque(np.full(12, 20.1)), "torque or power, 0.10 N m too much"),
    ],
)
def test_each_limit_is_judged(command, what):
    assert violation(command, STATE) == what


def test_a_hot_motor_has_a_lower_effort_limit():
    hot = dataclasses.replace(STATE, motor_temperature=np.full(12, 90.0))
    assert violation(position(0.15), hot) == ""  # 0.3 x 20 N m
    assert violation(position(0.2), hot) == "torque or power, 2.00 N m too much"


def test_torque_is_judged_at_the_states_that_the_controller_may_have_known():
    ahead = dataclasses.replace(STATE, q=np.full(12, 0.5))
    assert violation(position(0.9), ahead, STATE) == "torque or power, 16.00 N m too much"
    assert violation(position(0.9), ahead, STATE, memory=2) == ""


def test_all_joints_together_may_ask_for_the_limit_of_power_and_no_more():
    fast = dataclasses.replace(STATE, dq=np.full(12, 10.0))
    assert violation(MotorCommand.torque(np.full(12, 7.5)), fast) == ""  # 12 x 7.5 N m x 10 rad/s = 900 W
    assert violation(MotorCommand.torque(np.full(12, -8.0)), fast) == "torque or power, 0.50 N m too much"


def test_nothing_may_be_held_before_a_state_is_known():
    assert violation(position()) == "stiffness before any state"
