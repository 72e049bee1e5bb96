import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.control.posture import (
    PostureSettings,
    PostureTrajectory,
    Waypoint,
    folded_pose,
    sit_down,
    stand_up,
)
from wmp_testing.tiny_bundle import tiny_contract

JOINTS = tiny_contract().joints
PRONE = np.array([0.3, 1.8, -2.6] * 4)
SETTINGS = PostureSettings(fold_time=1.0, rise_time=2.0, lower_time=1.0, release_time=0.5)


def test_standing_up_starts_at_the_measured_joints_with_low_gains():
    q, stiffness = stand_up(JOINTS, SETTINGS, PRONE).at(0.0)
    assert np.array_equal(q, PRONE) and stiffness == pytest.approx(0.2)


def test_standing_up_folds_the_legs_and_ends_in_the_default_pose():
    trajectory = stand_up(JOINTS, SETTINGS, PRONE)
    assert trajectory.duration == 3.0
    folded, stiffness = trajectory.at(1.0)
    assert np.allclose(folded, [0.0, 1.3, -2.6] * 4) and stiffness == 1.0
    for time in (3.0, 100.0):
        q, stiffness = trajectory.at(time)
        assert np.array_equal(q, JOINTS.default_position) and stiffness == 1.0


def test_half_way_through_a_segment_is_its_middle():
    trajectory = PostureTrajectory(np.zeros(2), 0.0, [Waypoint(2.0, np.array([1.0, -2.0]), 1.0)])
    q, stiffness = trajectory.at(1.0)
    assert q.tolist() == [0.5, -1.0] and stiffness == 0.5


def test_sitting_down_ends_folded_with_zero_stiffness():
    trajectory = sit_down(JOINTS, SETTINGS, np.array(JOINTS.default_position))
    assert trajectory.at(0.0)[1] == 1.0
    q, stiffness = trajectory.at(1.5)
    assert np.allclose(q, [0.0, 1.3, -2.6] * 4) and stiffness == 0.0


@given(st.floats(0, 4), st.sampled_from([stand_up, sit_down]))
def test_targets_move_smoothly_and_stay_between_start_and_goal(time, plan):
    trajectory = plan(JOINTS, SETTINGS, PRONE)
    (q, stiffness), (later, stiffer) = trajectory.at(time), trajectory.at(time + 0.002)
    # The largest slope of 3u^2 - 2u^3 is 1.5: the calf's 1.1 rad in 2 s, the thigh's 0.5 rad in 1 s.
    assert np.abs(later - q).max() <= 0.002 * 1.5 * 1.1 + 1e-9
    assert 0 <= stiffness <= 1 and abs(stiffer - stiffness) <= 0.002 * 1.5 / 0.5


def test_the_folded_pose_keeps_within_the_joint_limits():
    pose = folded_pose(JOINTS, PostureSettings(folded_calf=-2.9))
    assert pose[2] == -2.697


def test_an_unknown_joint_is_refused_by_name():
    renamed = dataclasses.replace(JOINTS, names=("FL_wheel_joint", *JOINTS.names[1:]))
    with pytest.raises(ValueError, match="FL_wheel_joint"):
        folded_pose(renamed, SETTINGS)


def test_settings_out_of_range_are_refused_by_name():
    with pytest.raises(ValueError, match="rise_time is 0"):
        PostureSettings(rise_time=0)
