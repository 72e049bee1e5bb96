"""Recordings that librealsense itself writes, of depth frames that a test gives it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wmp_core.depth.geometry import CameraIntrinsics
from wmp_perception.realsense import import_realsense

D435I = CameraIntrinsics(424, 240, 211.4, 211.4, 212.6, 117.7)


def write_recording(
    path: Path,
    frames: Sequence[np.ndarray],
    stamps: Sequence[float],
    intrinsics: CameraIntrinsics = D435I,
    unit: float = 0.001,
    domain: str = "global_time",
) -> Path:
    """Record ``frames`` (uint16) with capture times ``stamps`` s of the time ``domain``; returns ``path``.

    The recorder is librealsense's own, over a software device instead of a camera.
    """
    rs = import_realsense()
    device = rs.software_device()
    sensor = device.add_sensor("depth")
    profile = sensor.add_video_stream(_stream(rs, intrinsics), True)
    sensor.add_read_only_option(rs.option.depth_units, unit)
    sensor.add_read_only_option(rs.option.stereo_baseline, 50.0)
    recorder = rs.recorder(str(path), device)
    recorded, queue = recorder.query_sensors()[0], rs.frame_queue(len(frames))
    recorded.open(recorded.get_stream_profiles()[0])
    recorded.start(queue)
    for number, (pixels, stamp) in enumerate(zip(frames, stamps, strict=True)):
        frame = rs.software_video_frame()
        frame.pixels, frame.profile = np.ascontiguousarray(pixels), profile.as_video_stream_profile()
        frame.stride, frame.bpp, frame.frame_number = 2 * intrinsics.width, 2, number
        frame.timestamp, frame.domain = 1e3 * stamp, getattr(rs.timestamp_domain, domain)
        frame.depth_units = unit
        sensor.on_video_frame(frame)
        time.sleep(0.005)  # the recorder writes in a thread of its own
    recorded.stop()
    recorded.close()
    return path


def _stream(rs: Any, camera: CameraIntrinsics) -> Any:
    lens = rs.intrinsics()
    lens.width, lens.height, lens.fx, lens.fy = camera.width, camera.height, camera.fx, camera.fy
    lens.ppx, lens.ppy, lens.model, lens.coeffs = camera.cx, camera.cy, rs.distortion.none, [0.0] * 5
    stream = rs.video_stream()
    stream.type, stream.fmt, stream.bpp, stream.fps, stream.uid = rs.stream.depth, rs.format.z16, 2, 30, 1
    stream.width, stream.height, stream.intrinsics = camera.width, camera.height, lens
    return stream
