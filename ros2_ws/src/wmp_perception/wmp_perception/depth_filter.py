"""The librealsense post-processing chain, for frames from a camera or a topic.

Frames enter through ``rs.software_device``, so simulation, bag replay and robot run the same filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List

import numpy as np

from wmp_core.depth.geometry import CameraIntrinsics
from wmp_perception.realsense import RealSenseError, import_realsense

#: librealsense's hole filling modes: fill with the left, the farthest or the nearest neighbour.
HOLE_FILLING = {"left": 0, "farthest": 1, "nearest": 2}

#: Baseline of a D435i [mm] (data sheet); scales between depth and disparity.
D435I_BASELINE_MM = 50.0


def _check(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"depth filter: {key} is {value!r}, allowed: {low:g}..{high:g}")


@dataclass(frozen=True)
class DepthFilterSettings:
    """Settings of the chain: to disparity, spatial, temporal, to depth, hole filling.

    The defaults filter in the disparity domain: stereo noise does not grow with distance there, so one
    ``delta`` fits all distances, and the spatial filter takes half the time (whole chain: 2.2 ms for 424x240;
    filling holes first and smoothing depth with magnitude 5 takes at least 5.9 ms).
    The chain leaves a band at the left edge invalid, where the imagers do not overlap. The network's crop
    does not reach that far, and an invalid pixel counts as far.

    Attributes:
        disparity: filter disparity instead of depth.
        spatial_magnitude: iterations of librealsense's edge-preserving smoothing, 1..5.
        spatial_alpha: weight of the current pixel, 0.25..1.
        spatial_delta: step above which an edge is kept, 1..50 disparity or depth units.
        spatial_holes_fill: radius of hole filling as librealsense's index, 0 (off)..5.
        temporal_alpha: weight of the new frame, 0..1. While walking at 0.5 m/s towards a wall, 0.4
            (librealsense's default) lags by 24 mm, 0.6 by 10 mm, 0.8 by 4 mm; each leaves 0.3 to 0.4 mm of
            noise. Training has no such lag.
        temporal_delta: step above which the old value is dropped, 1..100 disparity or depth units.
        temporal_persistence: librealsense's rule for bridging dropped pixels, 0 (never)..8 (always); 3:
            valid in 2 of the last 4 frames.
        hole_filling: ``left`` fills the stereo shadow with the background to its left: the shadow lies left
            of an object because depth refers to the left imager. ``farthest``, ``nearest``: the neighbour so
            named. ``off`` leaves holes.

    Raises:
        ValueError: a setting is out of range.
    """

    disparity: bool = True
    spatial_magnitude: int = 2
    spatial_alpha: float = 0.5
    spatial_delta: int = 20
    spatial_holes_fill: int = 0
    temporal_alpha: float = 0.8
    temporal_delta: int = 20
    temporal_persistence: int = 3
    hole_filling: str = "left"

    def __post_init__(self) -> None:
        _check("spatial_magnitude", self.spatial_magnitude, 1, 5)
        _check("spatial_alpha", self.spatial_alpha, 0.25, 1.0)
        _check("spatial_delta", self.spatial_delta, 1, 50)
        _check("spatial_holes_fill", self.spatial_holes_fill, 0, 5)
        _check("temporal_alpha", self.temporal_alpha, 0.0, 1.0)
        _check("temporal_delta", self.temporal_delta, 1, 100)
        _check("temporal_persistence", self.temporal_persistence, 0, 8)
        if self.hole_filling not in ("off", *HOLE_FILLING):
            raise ValueError(
                f"depth filter: hole_filling is {self.hole_filling!r}, "
                f"allowed: off, {', '.join(HOLE_FILLING)}"
            )


class DepthFilter:
    """Filters depth frames in order. Every frame must pass through, because the temporal filter has state.

    The same frames in the same order give the same output, whatever the time between them.

    Args:
        settings: of the filters.
        intrinsics: of the frames.
        unit: metres per count.

    Raises:
        RealSenseError: librealsense cannot be imported.
    """

    def __init__(self, settings: DepthFilterSettings, intrinsics: CameraIntrinsics, unit: float) -> None:
        self._rs = import_realsense()
        self._intrinsics = intrinsics
        self._unit = unit
        self._count = 0
        self._settings = settings
        self.forget()
        self._open_device()

    def forget(self) -> None:
        """Start as with the first frame: what the temporal filter remembers is too old."""
        self._blocks = self._build_chain(self._settings)

    def process(self, depth: np.ndarray) -> np.ndarray:
        """Filter one frame.

        Args:
            depth: uint16 ``[height, width]`` in depth units, 0 = invalid.

        Returns:
            A new array of the same shape, type and unit.

        Raises:
            ValueError: another shape or type.
            RealSenseError: librealsense did not return the frame.
        """
        expected = (self._intrinsics.height, self._intrinsics.width)
        if depth.shape != expected or depth.dtype != np.uint16:
            raise ValueError(f"depth frame is {depth.dtype} {depth.shape}, expected uint16 {expected}")
        frame = self._inject(depth)
        for block in self._blocks:
            frame = block.process(frame)
        return np.array(frame.get_data(), dtype=np.uint16)

    def _build_chain(self, settings: DepthFilterSettings) -> List[Any]:
        rs = self._rs
        spatial = rs.spatial_filter()
        spatial.set_option(rs.option.filter_magnitude, settings.spatial_magnitude)
        spatial.set_option(rs.option.filter_smooth_alpha, settings.spatial_alpha)
        spatial.set_option(rs.option.filter_smooth_delta, settings.spatial_delta)
        spatial.set_option(rs.option.holes_fill, settings.spatial_holes_fill)
        temporal = rs.temporal_filter()
        temporal.set_option(rs.option.filter_smooth_alpha, settings.temporal_alpha)
        temporal.set_option(rs.option.filter_smooth_delta, settings.temporal_delta)
        temporal.set_option(rs.option.holes_fill, settings.temporal_persistence)
        chain = [spatial, temporal]
        if settings.disparity:
            chain = [rs.disparity_transform(True), *chain, rs.disparity_transform(False)]
        if settings.hole_filling != "off":
            chain.append(rs.hole_filling_filter(HOLE_FILLING[settings.hole_filling]))
        return chain

    def _open_device(self) -> None:
        rs, camera = self._rs, self._intrinsics
        intrinsics = rs.intrinsics()
        intrinsics.width, intrinsics.height = camera.width, camera.height
        intrinsics.fx, intrinsics.fy, intrinsics.ppx, intrinsics.ppy = (
            camera.fx,
            camera.fy,
            camera.cx,
            camera.cy,
        )
        intrinsics.model, intrinsics.coeffs = rs.distortion.none, [0.0] * 5
        stream = rs.video_stream()
        stream.type, stream.fmt, stream.bpp, stream.fps = rs.stream.depth, rs.format.z16, 2, 30
        stream.width, stream.height, stream.intrinsics = camera.width, camera.height, intrinsics
        self._device = rs.software_device()
        self._sensor = self._device.add_sensor("depth")
        self._profile = self._sensor.add_video_stream(stream, True)
        self._sensor.add_read_only_option(rs.option.depth_units, self._unit)
        self._sensor.add_read_only_option(rs.option.stereo_baseline, D435I_BASELINE_MM)
        self._queue = rs.frame_queue(1)
        self._sensor.open(self._profile)
        self._sensor.start(self._queue)

    def _inject(self, depth: np.ndarray) -> Any:
        """Pass an array through the software device to get a librealsense frame."""
        rs = self._rs
        self._count += 1
        frame = rs.software_video_frame()
        frame.pixels = np.ascontiguousarray(depth)
        frame.stride, frame.bpp = 2 * self._intrinsics.width, 2
        frame.frame_number, frame.timestamp = self._count, self._count * 1000.0 / 30
        frame.domain = rs.timestamp_domain.system_time
        frame.depth_units = self._unit
        frame.profile = self._profile.as_video_stream_profile()
        self._sensor.on_video_frame(frame)
        arrived, result = self._queue.try_wait_for_frame(1000)
        if not arrived:
            raise RealSenseError(f"librealsense did not return frame {self._count}; restart the node")
        return result
