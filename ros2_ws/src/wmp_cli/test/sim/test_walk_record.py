"""The record of a walk depends on ticks and stamps alone."""

import hashlib
import math

import numpy as np
import pytest

from wmp_cli.sim.walk_record import Pose, WalkRecord

PERIOD = 0.02


def walk_of(ticks: int) -> WalkRecord:
    """A walk from t = 10 s at 0.5 m/s along a heading of 90 degrees (world y)."""
    record = WalkRecord(ticks, PERIOD)
    for tick in range(ticks + 5):
        stamp = 10.0 + PERIOD * tick
        record.add_pose(Pose(stamp, x=-0.1 * tick / ticks, y=0.5 * PERIOD * tick, yaw=math.pi / 2))
        record.add_step(tick, stamp, np.full(12, tick))
    return record


def test_distance_is_measured_along_the_start_heading_until_the_end_of_the_last_step():
    travel = walk_of(100).travel()
    assert travel.seconds == pytest.approx(2.0)
    assert travel.forward == pytest.approx(1.0)
    assert travel.left == pytest.approx(0.1)


def test_hash_covers_the_first_ticks_in_order_as_float32():
    record = WalkRecord(3, PERIOD)
    for tick in (2, 0, 1, 3):
        record.add_step(tick, tick * PERIOD, np.full(12, 0.5 * tick))
    expected = np.repeat([0.0, 0.5, 1.0], 12).astype("<f4").tobytes()
    assert record.actions_sha256 == hashlib.sha256(expected).hexdigest()


def test_a_walk_is_complete_when_ground_truth_reaches_its_end():
    record = WalkRecord(2, PERIOD)
    record.add_step(0, 1.00, np.zeros(12))
    record.add_step(1, 1.02, np.zeros(12))
    record.add_pose(Pose(1.02, 0, 0, 0))
    assert not record.complete
    record.add_pose(Pose(1.04, 0, 0, 0))
    assert record.complete


def test_lost_steps_are_counted():
    record = WalkRecord(10, PERIOD)
    for tick in (0, 1, 4):
        record.add_step(tick, tick * PERIOD, np.zeros(12))
    assert record.missing_ticks == 2


def test_turns_beyond_half_a_circle_add_up():
    record = WalkRecord(400, PERIOD)
    for tick in range(401):
        yaw = 0.5 * PERIOD * tick
        record.add_pose(Pose(tick * PERIOD, 0, 0, math.remainder(yaw, math.tau)))
        record.add_step(tick, tick * PERIOD, np.zeros(12))
    assert record.travel().turned == pytest.approx(4.0)


def test_latents_and_images_outside_the_walk_do_not_count():
    record = walk_of(10)
    for tick in (0, 5, 10, 15):
        record.add_latent(tick, from_image=True)
    for stamp in (9.9, 10.0, 10.1, 10.25):
        record.add_depth(stamp)
    assert sorted(record.latents) == [5, 10]
    assert record.depth_frames == 3


def test_rate_error_of_a_loop_that_is_one_percent_slow():
    record = WalkRecord(None, PERIOD)
    for tick in range(101):
        record.add_step(tick, tick * PERIOD * 1.01, np.zeros(12))
    assert record.rate_error == pytest.approx(1 / 1.01 - 1)


@pytest.mark.parametrize("late", ["poses", "steps"])
def test_a_walk_ends_where_its_track_does_whatever_is_heard_first(late):
    record = WalkRecord(None, PERIOD, end_x=1.0)
    # 0.5 m/s from x = 0 at t = 10 s: there after 2 s, which tick 100 begins.
    stamps = [10.0 + PERIOD * tick for tick in range(120)]
    poses = [Pose(stamp, x=0.5 * PERIOD * tick + 1e-9, y=0, yaw=0) for tick, stamp in enumerate(stamps)]

    def add_steps():
        for tick, stamp in enumerate(stamps):
            record.add_step(tick, stamp, np.zeros(12))
            if tick % 5 == 0:
                record.add_latent(tick, from_image=True)

    if late == "poses":
        add_steps()
    for pose in poses:
        record.add_pose(pose)
    assert record.reached_end_of_track
    if late == "steps":
        assert not record.complete
        add_steps()
    assert record.complete
    assert (len(record.actions), record.missing_ticks, max(record.latents)) == (100, 0, 100)
    assert record.travel().forward == pytest.approx(1.0)


def test_a_walk_that_is_over_before_the_end_of_its_track_did_not_reach_it():
    record = WalkRecord(2, PERIOD, end_x=1.0)
    for tick in range(4):
        record.add_step(tick, tick * PERIOD, np.zeros(12))
        record.add_pose(Pose(tick * PERIOD, 0.9, 0, 0))
    record.add_pose(Pose(4 * PERIOD, 1.1, 0, 0))
    assert record.complete and not record.reached_end_of_track


def test_a_lost_step_lets_no_robot_walk_beyond_the_end_of_its_track():
    record = WalkRecord(None, PERIOD, end_x=1.0)
    for tick in (0, 1, 3, 5):
        record.add_step(tick, tick * PERIOD, np.zeros(12))
        record.add_pose(Pose(tick * PERIOD, 0.3 * tick, 0, 0))
    assert record.complete
    assert (record.ticks, record.newest_tick, record.missing_ticks) == (5, 3, 1)
