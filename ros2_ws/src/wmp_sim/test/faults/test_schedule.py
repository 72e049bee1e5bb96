"""When faults are on, in the robot's time."""

import math

import pytest

from wmp_sim.faults import Fault, FaultSchedule, parse_faults


def test_a_fault_is_kind_start_and_duration():
    assert Fault.parse("imu_nan@2:0.5") == Fault("imu_nan", 2.0, 0.5)
    assert Fault.parse("imu_nan@2") == Fault("imu_nan", 2.0, math.inf)
    assert parse_faults("") == ()
    assert [fault.kind for fault in parse_faults("imu_nan@1 camera_stop@2")] == ["imu_nan", "camera_stop"]


@pytest.mark.parametrize("text", ["imu_nan", "imu_nan@", "imu_nan@x", "imu_nan@1:2:3", "@1", "fire@1"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="fault"):
        Fault.parse(text)


@pytest.mark.parametrize("text", ["imu_nan@-1", "imu_nan@nan", "imu_nan@1:0"])
def test_times_must_make_sense(text):
    with pytest.raises(ValueError, match="expected seconds"):
        Fault.parse(text)


def test_time_counts_from_the_start_of_standing_up():
    schedule = FaultSchedule(parse_faults("imu_nan@1:0.5"))
    assert schedule.advance(100.0) == []
    schedule.start(100.0)
    schedule.start(200.0)
    assert schedule.advance(100.998) == []
    assert [(f.kind, begins) for f, begins in schedule.advance(101.0)] == [("imu_nan", True)]
    assert schedule.is_on("imu_nan") and not schedule.is_on("imu_stuck")
    assert schedule.advance(101.498) == []
    assert [(f.kind, begins) for f, begins in schedule.advance(101.5)] == [("imu_nan", False)]
