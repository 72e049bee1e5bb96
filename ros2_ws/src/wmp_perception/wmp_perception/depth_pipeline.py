"""What happens to a depth frame between camera and world model: filter, choose by age, project."""

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
from wmp_perception.image_watch import ImageWatch
from wmp_perception.realsense import RawFrame

_NO_IMAGE = np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True)
class DepthImage:
    """The world model's input for ``tick``: float32 ``[64, 64]`` metres, clipped, invalid pixels far.

    ``metres`` is empty, ``[0, 0]``, where there is no frame of a suitable age.

    ``stamp``: capture time in s; ``age_error``: ``stamp`` minus the wanted time, s.
    """

    tick: int
    stamp: float
    metres: np.ndarray
    age_error: float


@dataclass(frozen=True)
class DepthHealth:
    """How the camera is doing.

    ``rate``: frames per s by their stamps, smoothed; ``invalid_ratio`` (0..1) of the newest frame before the
    filters; ``coverage`` (0..1): share of the network's view that the camera sees; ``sees``: the frames are
    not frozen, and not without a valid pixel (see :class:`wmp_perception.image_watch.ImageWatch`).
    """

    frames: int = 0
    stamp: Optional[float] = None
    rate: float = 0.0
    invalid_ratio: float = 0.0
    filter_ms: float = 0.0
    coverage: float = 1.0
    sees: bool = True


@dataclass(frozen=True)
class _Optics:
    """Filter and projection for one set of intrinsics."""

    intrinsics: CameraIntrinsics
    unit: float
    filter: DepthFilter
    projection: DepthProjection


class DepthPipeline:
    """Filters every frame, as the temporal filter needs; projects only chosen ones. Not thread-safe."""

    def __init__(self, contract: Contract, settings: DepthFilterSettings, tolerance_s: float) -> None:
        self._contract = contract
        self._settings = settings
        self._selection = DepthSelection(contract.timing, tolerance_s)
        self._watch = ImageWatch()
        self._optics: Optional[_Optics] = None
        self.health = DepthHealth()

    @property
    def missed(self) -> int:
        """World-model ticks for which no frame of a suitable age existed."""
        return self._selection.missed

    def on_step(self, tick: int, stamp: float, is_first: bool) -> List[DepthImage]:
        """A policy step; returns the images that are due now."""
        self._watch.on_step(stamp, is_first)
        return self._project(self._selection.on_step(tick, stamp, is_first))

    def on_silence(self, stamp: float) -> List[DepthImage]:
        """Time has come to ``stamp`` s, and no frame with it; returns the images that are due now."""
        return self._project(self._selection.on_silence(stamp))

    def on_frame(self, raw: RawFrame) -> List[DepthImage]:
        """A camera frame; returns the images that are due now."""
        optics = self._optics_for(raw)
        started = time.perf_counter()
        filtered = optics.filter.process(raw.depth)
        self.health = DepthHealth(
            frames=self.health.frames + 1,
            stamp=raw.stamp,
            rate=_smoothed_rate(self.health, raw.stamp),
            invalid_ratio=float(np.count_nonzero(raw.depth == 0)) / raw.depth.size,
            filter_ms=1e3 * (time.perf_counter() - started),
            coverage=optics.projection.coverage,
            sees=self._watch.sees(raw.stamp, raw.depth),
        )
        if not self.health.sees:
            return self.on_silence(raw.stamp)
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


def _smoothed_rate(before: DepthHealth, stamp: float) -> float:
    """Rate in Hz after a frame at ``stamp`` s; one frame in ten weighs in."""
    if before.stamp is None or stamp <= before.stamp:
        return before.rate
    rate = 1.0 / (stamp - before.stamp)
    return rate if before.rate == 0 else before.rate + 0.1 * (rate - before.rate)
