"""Which depth frames a broken camera delivers."""

import numpy as np

from wmp_sim.faults import CameraFaults, FaultSchedule, parse_faults
from wmp_sim.faults.camera import DepthFrame

PERIOD = 1 / 30


def delivered(kind):
    """What arrives per frame period; the fault is on from the 10th frame to the 19th of 40."""
    schedule = FaultSchedule(parse_faults(f"{kind}@{10 * PERIOD}:{10 * PERIOD}"))
    schedule.start(0.0)
    camera = CameraFaults(schedule, (1,))
    arrived = []
    for index in range(40):
        schedule.advance(index * PERIOD)
        arrived.append(camera.deliver(DepthFrame(index * PERIOD, np.full((4, 50), 1000 + index, np.uint16))))
    return arrived


def test_a_stopped_camera_delivers_nothing():
    assert [len(frames) for frames in delivered("camera_stop")] == [1] * 10 + [0] * 10 + [1] * 20


def test_a_frozen_camera_repeats_the_last_frame_with_new_stamps():
    frames = [frame for (frame,) in delivered("camera_frozen")]
    assert [int(frame.depth[0, 0]) for frame in frames[8:21]] == [1008] + [1009] * 11 + [1020]
    np.testing.assert_allclose([frame.stamp for frame in frames], PERIOD * np.arange(40))


def test_a_covered_lens_sees_specks_and_a_failed_one_nothing():
    black = np.array([frame.depth for (frame,) in delivered("camera_black")[10:20]])
    assert 0 < (black > 0).mean() < 0.03
    assert not any(frame.depth.any() for (frame,) in delivered("depth_invalid")[10:20])


def test_slow_frames_arrive_a_quarter_of_a_second_late():
    arrived = delivered("depth_slow")
    taken = PERIOD * np.arange(40) - 1e-6
    late = [any(frame.stamp < now for frame in frames) for now, frames in zip(taken, arrived, strict=True)]
    assert np.flatnonzero(late).tolist() == list(range(18, 28))
    assert sum(map(len, arrived)) == 40


def test_a_set_clock_shifts_stamps_by_five_seconds():
    stamps = np.array([frame.stamp for (frame,) in delivered("clock_jump")])
    np.testing.assert_allclose(stamps - PERIOD * np.arange(40), [0.0] * 10 + [5.0] * 10 + [0.0] * 20)
