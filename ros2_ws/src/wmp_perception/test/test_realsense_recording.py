"""Recordings of librealsense through the camera's own code path: no camera is needed."""

import time
from dataclasses import astuple

import numpy as np
import pytest

from wmp_core.depth.geometry import CameraIntrinsics
from wmp_perception import realsense_thread
from wmp_perception.realsense import CameraSettings, RealSenseCamera, RealSenseError, RecordingEndedError
from wmp_perception.realsense_thread import CameraThread
from wmp_testing.realsense_recording import D435I, write_recording

RATE = 30.0


def walls(count, first=1000, shape=(240, 424)):
    """The n-th frame is a wall at ``first`` + n counts."""
    return [np.full(shape, first + n, np.uint16) for n in range(count)]


def lens_of(frame):
    return astuple(frame.intrinsics)


def played(path, **settings):
    camera = RealSenseCamera(CameraSettings(file=str(path), file_at_live_pace=False, **settings))
    camera.open()
    frames = []
    try:
        while True:
            frame = camera.wait(1.0)
            if frame is not None:
                frames.append(frame)
    except RecordingEndedError:
        return frames
    finally:
        camera.close()


def test_every_frame_comes_back_once_with_its_lens_and_its_distance_in_time(tmp_path):
    stamps = [1e9 + n / RATE for n in range(12)]
    before = time.time()
    frames = played(write_recording(tmp_path / "walk.db3", walls(12), stamps))
    assert [int(frame.depth[120, 200]) for frame in frames] == list(range(1000, 1012))
    assert all(lens_of(frame) == pytest.approx(astuple(D435I)) for frame in frames)
    assert all(frame.unit == pytest.approx(0.001) for frame in frames)
    np.testing.assert_allclose(np.diff([frame.stamp for frame in frames]), 1 / RATE, atol=1e-4)
    # Whenever it was recorded, it begins now.
    assert before <= frames[0].stamp <= time.time()
    assert {frame.stamp_problem for frame in frames} == {""}


def test_another_profile_and_unit_are_taken_from_the_recording(tmp_path):
    lens = CameraIntrinsics(640, 480, 390.4, 390.4, 331.4, 242.2)
    stamps = [n / RATE for n in range(3)]
    file = write_recording(tmp_path / "d435.db3", walls(3, shape=(480, 640)), stamps, lens, unit=0.0001)
    frame = played(file)[-1]
    assert lens_of(frame) == pytest.approx(astuple(lens)) and frame.depth.shape == (480, 640)
    assert frame.unit == pytest.approx(0.0001)


def test_dropped_frames_leave_a_gap_in_the_stamps(tmp_path):
    stamps = [n / RATE for n in (0, 1, 2, 6, 7)]
    frames = played(write_recording(tmp_path / "drops.db3", walls(5), stamps))
    np.testing.assert_allclose(np.diff([f.stamp for f in frames]), np.array([1, 1, 4, 1]) / RATE, atol=1e-4)


@pytest.mark.parametrize(("domain", "found"), [("system_time", "arrival times"), ("hardware_clock", "")])
def test_stamps_that_are_arrival_times_are_a_problem(tmp_path, domain, found):
    frames = played(write_recording(tmp_path / "walk.db3", walls(3), [0.0, 0.1, 0.2], domain=domain))
    assert all(found in frame.stamp_problem and bool(frame.stamp_problem) == bool(found) for frame in frames)


def test_a_recording_is_played_once_by_the_cameras_thread(tmp_path, monkeypatch):
    monkeypatch.setattr(realsense_thread, "RETRY_S", 0.5)
    file, seen = write_recording(tmp_path / "walk.db3", walls(9), [n / RATE for n in range(9)]), []
    thread = CameraThread(CameraSettings(file=str(file)), seen.append)
    thread.start()
    deadline = time.monotonic() + 30
    while "has ended" not in thread.problem:
        assert time.monotonic() < deadline, thread.problem
        time.sleep(0.02)
    thread.close()
    # At live pace librealsense keeps only the newest frame for a reader that is late.
    assert 1 <= len(seen) <= 9 and int(seen[-1].depth[0, 0]) <= 1008


def test_a_file_that_is_no_recording_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"camera.file is .*nowhere.bag"):
        CameraSettings(file=str(tmp_path / "nowhere.bag"))
    text = tmp_path / "text.bag"
    text.write_text("not a bag")
    with pytest.raises((RealSenseError, RuntimeError)):
        RealSenseCamera(CameraSettings(file=str(text))).open()
