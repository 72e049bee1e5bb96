"""What a robot with broken sensors reports."""

import numpy as np
import pytest

from wmp_core.robot_state import RobotState
from wmp_sim.faults import FaultSchedule, SensorFaults, parse_faults


def state(cycle):
    return RobotState(
        quat_wxyz=np.array([1.0, 0.0, 0.0, 0.0]),
        gyro=np.full(3, 0.01 * cycle),
        acc=np.array([0.0, 0.0, 9.81]),
        q=np.full(12, 0.1),
        dq=np.zeros(12),
        tau_est=np.zeros(12),
        stamp=0.002 * cycle,
        tick=2 * cycle,
        motor_temperature=np.full(12, 30.0),
    )


def reported(kind, cycles=20):
    """Reports of ``cycles`` cycles; the fault is on from the 10th (of 2 ms) to the 14th."""
    schedule = FaultSchedule(parse_faults(f"{kind}@0.02:0.01"))
    schedule.start(0.0)
    sensors = SensorFaults(schedule, (1,))
    reports = []
    for cycle in range(cycles):
        schedule.advance(0.002 * cycle)
        reports.append(sensors.distort(state(cycle)))
    return reports


@pytest.mark.parametrize("kind", ["tick_frozen", "imu_nan", "imu_stuck", "encoder_jump", "motor_hot"])
def test_before_and_after_the_fault_the_true_state_is_reported(kind):
    reports = reported(kind)
    for cycle in (*range(10), *range(15, 20)):
        for name in ("quat_wxyz", "gyro", "acc", "q", "motor_temperature", "tick"):
            np.testing.assert_array_equal(getattr(reports[cycle], name), getattr(state(cycle), name))


def test_a_frozen_tick_repeats_the_last_state():
    assert [report.tick for report in reported("tick_frozen")[8:16]] == [16, 18, 18, 18, 18, 18, 18, 30]


def test_a_dead_imu_is_nan_and_a_stuck_one_repeats_itself():
    assert np.isnan(reported("imu_nan")[12].gyro).all() and np.isnan(reported("imu_nan")[12].quat_wxyz).all()
    assert [report.gyro[0] for report in reported("imu_stuck")[9:16]] == pytest.approx([0.09] * 6 + [0.15])


def test_one_joint_jumps_and_one_motor_is_hot():
    off = reported("encoder_jump")[12].q - state(12).q
    assert sorted(off) == pytest.approx([0.0] * 11 + [0.6])
    assert sorted(reported("motor_hot")[12].motor_temperature) == [30.0] * 11 + [90.0]
