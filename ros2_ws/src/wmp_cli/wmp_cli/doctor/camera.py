"""Checks of the camera: connected, in the right mode, fast enough, few invalid pixels."""

from __future__ import annotations

import math
import time

import numpy as np

from wmp_core.doctor.check import Check, failed, graded, passed
from wmp_perception.realsense import (
    CameraSettings,
    RawFrame,
    RealSenseCamera,
    RealSenseError,
    RecordingEndedError,
)

# Horizontal field of view in degrees: a D435i has 87 nominally, individual cameras differ by a few.
_FIELD_OF_VIEW = (80.0, 95.0)


def check_camera(settings: CameraSettings, seconds: float = 2.0) -> list[Check]:
    """Open the camera, read frames for ``seconds``, close it; a recording is read for as long at most."""
    camera = RealSenseCamera(settings)
    try:
        camera.open()
    except RealSenseError as error:
        return [failed("camera", str(error), "see the message")]
    try:
        frames = _read(camera, seconds)
    finally:
        camera.close()
    if len(frames) < 2 and settings.file:
        return [failed("camera", f"{len(frames)} depth frames in {settings.file}", "record 1 s or more")]
    if len(frames) < 2:
        return [failed("camera", f"{len(frames)} frames in {seconds:g} s", "use the original cable on USB 3")]
    return judge_frames(frames, settings)


def _read(camera: RealSenseCamera, seconds: float) -> list[RawFrame]:
    frames: list[RawFrame] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            frame = camera.wait(0.5)
        except RecordingEndedError:
            break
        if frame is not None:
            frames.append(frame)
    return frames


def judge_frames(frames: list[RawFrame], settings: CameraSettings) -> list[Check]:
    """Checks of intrinsics, rate (by the frames' stamps) and share of pixels without a measurement."""
    lens = frames[-1].intrinsics
    field = 2 * math.degrees(math.atan(0.5 * lens.width / lens.fx))
    rate = (len(frames) - 1) / (frames[-1].stamp - frames[0].stamp)
    invalid = float(np.mean([np.mean(frame.depth == 0) for frame in frames]))
    low, high = _FIELD_OF_VIEW
    intrinsics = f"{lens.width}x{lens.height}, fx {lens.fx:.1f}, {field:.0f} degrees wide"
    deviation = max(low - field, field - high)
    return [
        passed("camera", f"{len(frames)} frames of {lens.width}x{lens.height}"),
        _stamps(frames[-1]),
        graded(
            "camera intrinsics",
            deviation,
            0.0,
            15.0,
            intrinsics,
            "select the mode with the full field of view (424x240), and check that this is a D435i",
            field_deg=field,
        ),
        graded(
            "camera rate",
            settings.fps / rate,
            1.1,
            2.0,
            f"{rate:.1f} Hz of {settings.fps} Hz",
            "use the original cable on USB 3, and a computer that is not busy",
            rate_hz=rate,
        ),
        graded(
            "camera invalid pixels",
            invalid,
            0.2,
            0.6,
            f"{100 * invalid:.0f} %",
            "clean the lenses; point the camera at texture, further away than 0.1 m, not into the sun",
            invalid_ratio=invalid,
        ),
    ]


def _stamps(frame: RawFrame) -> Check:
    if frame.stamp_problem:
        return failed("camera stamps", "no capture times", frame.stamp_problem)
    return passed("camera stamps", "capture times")
