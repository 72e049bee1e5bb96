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


def changes(schedule, time):
    return [(fault.kind, begins) for fault, begins in schedule.advance(time)]


def test_a_fault_can_be_switched_by_hand_at_any_time():
    schedule = FaultSchedule()
    assert not schedule.has_any(("camera_black",))
    schedule.switch("camera_black", True)  # the robot lies: it counts from now on all the same
    assert changes(schedule, 1.0) == [("camera_black", True)]
    assert schedule.is_on("camera_black") and schedule.has_any(("camera_black",))
    schedule.switch("camera_black", True)
    assert changes(schedule, 2.0) == []
    schedule.switch("camera_black", False)
    assert changes(schedule, 3.0) == [("camera_black", False)]
    assert not schedule.is_on("camera_black")


def test_a_switch_leaves_scheduled_faults_alone():
    schedule = FaultSchedule(parse_faults("imu_nan@1:1"))
    schedule.start(0.0)
    schedule.switch("camera_black", True)
    assert changes(schedule, 0.0) == [("camera_black", True)]
    assert changes(schedule, 1.0) == [("imu_nan", True)]
    assert changes(schedule, 2.0) == [("imu_nan", False)]
    assert schedule.is_on("camera_black")


@pytest.mark.parametrize("kind", ["fire", "policy_killed", "disk_full"])
def test_only_what_the_simulated_robot_can_suffer_is_switched(kind):
    with pytest.raises(ValueError, match="fault"):
        FaultSchedule().switch(kind, True)
