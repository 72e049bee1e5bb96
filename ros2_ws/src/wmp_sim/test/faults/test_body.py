"""Faults of motors and computer: torque, reports, and what the controller's own decoder says about them."""

import numpy as np
import pytest

from wmp_core.a1.frames import LOW_LEVEL, SERVO_MODE
from wmp_core.a1.joints import MOTOR_JOINTS
from wmp_core.a1.servo import servo_problem
from wmp_core.a1.wire import LowState
from wmp_core.control.command import MotorCommand
from wmp_core.robot_state import RobotState
from wmp_sim.faults.body import BodyFaults
from wmp_sim.faults.schedule import Fault, FaultSchedule
from wmp_sim.faults.sensors import SensorFaults


def schedule(kind, elapsed=1.5):
    faults = FaultSchedule([Fault(kind, 1.0, 1.0)])
    faults.start(0.0)
    faults.advance(elapsed)
    return faults


def body_faults(faults):
    return BodyFaults(faults, (0,), MOTOR_JOINTS, np.full(12, 40.0), np.ones(12))


def low_state():
    ones = np.ones(12)
    return LowState(
        np.array([1.0, 0, 0, 0]), ones[:3], ones[:3], ones[:3], ones, ones, ones, ones, ones[:4], 9
    )


def state(tick=9000):
    ones = np.ones(12)
    return RobotState(
        np.array([1.0, 0, 0, 0]), ones[:3], ones[:3], 0.3 * ones, ones, ones, 0.001 * tick, tick
    )


def test_a_dropped_calf_has_no_torque_and_says_so():
    body = body_faults(schedule("motor_dropped"))
    assert body.limp.sum() == 1
    problem = servo_problem(body.report(low_state()))
    assert "calf_joint is in motor mode 8 (reserve 4, 0)" in problem


def test_a_dead_slot_is_all_zeros_and_its_motor_has_no_torque():
    body = body_faults(schedule("dead_motor_slot"))
    reported = body.report(low_state())
    (dead,) = np.flatnonzero(reported.motor_mode != SERVO_MODE)
    values = [getattr(reported, name)[dead] for name in ("q", "dq", "tau_est", "motor_temp", "motor_mode")]
    assert values == [0] * 5 and body.limp.sum() == 1
    assert (
        servo_problem(reported) == f"{MOTOR_JOINTS[dead]} sends only zeros: its motor board does not answer"
    )


def test_another_commander_holds_the_pose_whatever_arrives():
    body = body_faults(schedule("other_commander"))
    first = body.command(MotorCommand.damping(3.0), state)
    np.testing.assert_allclose(first.q, 0.3)
    assert (first.kp > 0).all() and body.command(None, state) is not None
    assert not body.limp.any() and "level 0xf0" in servo_problem(body.report(low_state()))


def test_a_brown_out_takes_all_torque_and_starts_the_tick_again():
    faults = schedule("brown_out")
    body, sensors = body_faults(faults), SensorFaults(faults, (0,))
    assert body.limp.all() and (body.report(low_state()).motor_mode == 0).all()
    assert [sensors.distort(state(tick)).tick for tick in (9000, 9002)] == [0, 2]
    faults.advance(3.0)
    assert sensors.distort(state(9004)).tick == 4 and not body.limp.any()


@pytest.mark.parametrize("kind", ["motor_dropped", "dead_motor_slot", "other_commander", "brown_out"])
def test_before_the_fault_nothing_changes(kind):
    body, command, before = body_faults(schedule(kind, 0.5)), MotorCommand.damping(3.0), low_state()
    assert body.command(command, state) is command and not body.limp.any()
    assert servo_problem(body.report(before)) == "" and body.report(before).level == LOW_LEVEL
