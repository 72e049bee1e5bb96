"""Depth frames from the camera to the world model: filter, select by age, project."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import List, Optional

import numpy as np

from wmp_core.contract import Contract
from wmp_core.depth.geometry import CameraIntrinsics, DepthProjection
from wmp_perception.depth_filter import DepthFilter, DepthFilterSettings
from wmp_perception.depth_selection import DepthSelection, SelectedFrame
from wmp_perception.image_monitor import ImageMonitor
from wmp_perception.realsense import RawFrame

#: Time between two frames after which the pixels of the first are too old to bridge holes of the second [s];
#: at 30 Hz, the temporal filter bridges three frames.
MAX_GAP_S = 0.25

_NO_IMAGE = np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True)
class DepthImage:
    """The world model's depth input for ``tick``.

    Attributes:
        stamp: capture time [s].
        metres: float32 ``[64, 64]`` [m], clipped, invalid pixels set to the far limit; empty, ``[0, 0]``, if
            no frame has a suitable age.
        age_error: ``stamp`` minus the target time [s].
    """

    tick: int
    stamp: float
    metres: np.ndarray
    age_error: float


@dataclass(frozen=True)
class DepthHealth:
    """State of the camera stream.

    Attributes:
        frames: number of frames so far.
        stamp: capture time of the newest frame [s]; ``None`` before the first.
        rate: smoothed frame rate from the stamps [Hz].
        invalid_ratio: share of invalid pixels in the newest unfiltered frame, 0..1.
        filter_ms: smoothed time that the filters take for a frame [ms].
        median: of the valid pixels of the newest unfiltered frame [m]; 0 without any.
        coverage: share of the network's field of view that the camera covers, 0..1.
        is_usable: whether the camera delivers usable depth, as ``ImageMonitor`` defines it.
        stamp_problem: why the newest frame's stamp is not its capture time; empty if it is.
    """

    frames: int = 0
    stamp: Optional[float] = None
    rate: float = 0.0
    invalid_ratio: float = 0.0
    filter_ms: float = 0.0
    median: float = 0.0
    coverage: float = 1.0
    is_usable: bool = True
    stamp_problem: str = ""


@dataclass(frozen=True)
class _Optics:
    """Filter and projection for one set of intrinsics and one depth unit."""

    intrinsics: CameraIntrinsics
    unit: float
    filter: DepthFilter
    projection: DepthProjection


class DepthPipeline:
    """Filters every frame, because the temporal filter depends on it; projects only selected ones.

    Not thread-safe.

    Args:
        contract: of the bundle.
        settings: of the filters.
        tolerance_s: largest difference between an image's age and the contract's ``depth_age`` [s].

    Raises:
        ValueError: the tolerance is out of range.
    """

    def __init__(self, contract: Contract, settings: DepthFilterSettings, tolerance_s: float) -> None:
        self._contract = contract
        self._settings = settings
        self._tolerance = tolerance_s
        self._selection = DepthSelection(contract.timing, tolerance_s)
        self._monitor = ImageMonitor()
        self._optics: Optional[_Optics] = None
        self.health = DepthHealth()

    @property
    def required_rate(self) -> float:
        """Lowest frame rate at which every tick has an image of a suitable age [Hz]."""
        return 0.5 / self._tolerance

    @property
    def missed(self) -> int:
        """World-model ticks without a frame of a suitable age."""
        return self._selection.missed

    def on_step(self, tick: int, stamp: float, is_first: bool) -> List[DepthImage]:
        """Add a policy step at ``stamp`` s; returns the images that are now due."""
        self._monitor.on_step(stamp, is_first)
        return self._project(self._selection.on_step(tick, stamp, is_first))

    def on_missing_frame(self, stamp: float) -> List[DepthImage]:
        """State that no frame of ``stamp`` s will arrive; returns the images that are now due."""
        return self._project(self._selection.on_missing_frame(stamp))

    def on_frame(self, raw: RawFrame) -> List[DepthImage]:
        """Add a camera frame; returns the images that are now due."""
        optics = self._optics_for(raw)
        started = time.perf_counter()
        if self.health.stamp is not None and abs(raw.stamp - self.health.stamp) > MAX_GAP_S:
            optics.filter.forget()  # an outage, another clock, or another camera
        filtered = optics.filter.process(raw.depth)
        self.health = DepthHealth(
            frames=self.health.frames + 1,
            stamp=raw.stamp,
            rate=_smoothed_rate(self.health, raw.stamp),
            invalid_ratio=float(np.count_nonzero(raw.depth == 0)) / raw.depth.size,
            filter_ms=_smoothed(self.health.filter_ms, 1e3 * (time.perf_counter() - started)),
            median=_median(raw),
            coverage=optics.projection.coverage,
            is_usable=self._monitor.is_usable(raw.stamp, raw.depth),
            stamp_problem=raw.stamp_problem,
        )
        if not self.health.is_usable:
            return self.on_missing_frame(raw.stamp)
        project = functools.partial(optics.projection, filtered, optics.unit)
        return self._project(self._selection.on_frame(raw.stamp, project))

    def _optics_for(self, raw: RawFrame) -> _Optics:
        current = self._optics
        if current is None or (current.intrinsics, current.unit) != (raw.intrinsics, raw.unit):
            current = _Optics(
                raw.intrinsics,
                raw.unit,
                DepthFilter(self._settings, raw.intrinsics, raw.unit),
                DepthProjection(self._contract.depth, raw.intrinsics),
            )
            self._optics = current
        return current

    @staticmethod
    def _project(selected: List[SelectedFrame]) -> List[DepthImage]:
        return [
            DepthImage(s.tick, s.stamp, _NO_IMAGE if s.frame is None else s.frame(), s.age_error)
            for s in selected
        ]


def _median(raw: RawFrame) -> float:
    """Median of every fourth valid pixel [m]."""
    pixels = raw.depth[::4, ::4]
    valid = pixels[pixels > 0]
    return float(np.median(valid)) * raw.unit if valid.size else 0.0


def _smoothed_rate(previous: DepthHealth, stamp: float) -> float:
    """Smoothed rate [Hz] after a frame at ``stamp`` s."""
    if previous.stamp is None or stamp <= previous.stamp:
        return previous.rate
    return _smoothed(previous.rate, 1.0 / (stamp - previous.stamp))


def _smoothed(before: float, new: float) -> float:
    """Exponentially smoothed value; a new one has weight 0.1, the first one counts as it is."""
    return new if before == 0 else before + 0.1 * (new - before)
