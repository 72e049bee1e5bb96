"""Faults of the depth camera: loss, content and delay of frames."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from .schedule import FaultSchedule

FRAME_DELAY = 0.25  # s
CLOCK_JUMP = 5.0  # s
SPECKS = 0.01  # share of pixels that are noise if the lens is covered
_SPECK_RANGE = (200, 3000)  # counts of 1 mm

KINDS = ("camera_stop", "camera_frozen", "camera_black", "depth_invalid", "depth_slow", "clock_jump")


class DepthFrame(NamedTuple):
    """A frame captured at ``stamp`` s by the camera's clock: uint16 ``[height, width]``, 0 is invalid."""

    stamp: float
    depth: np.ndarray


class CameraFaults:
    """Call :meth:`deliver` with every captured frame; it returns the frames that arrive now.

    Args:
        schedule: the active faults.
        seed: of the noise.
    """

    def __init__(self, schedule: FaultSchedule, seed: tuple[int, ...]) -> None:
        self._schedule = schedule
        self._random = np.random.default_rng(seed)
        self._lock = threading.Lock()  # in real time the camera has a thread of its own
        self._last: np.ndarray | None = None
        self._on_the_way: list[tuple[float, DepthFrame]] = []

    def deliver(self, frame: DepthFrame) -> list[DepthFrame]:
        """Frames that arrive when ``frame`` is captured, oldest first; often just that one."""
        with self._lock:
            now, is_on = frame.stamp, self._schedule.is_on
            due = now + (FRAME_DELAY if is_on("depth_slow") else 0.0)
            if not is_on("camera_stop"):
                self._on_the_way.append((due, self._seen(frame)))
            arrived = [sent for due, sent in self._on_the_way if due <= now + 1e-6]
            self._on_the_way = [entry for entry in self._on_the_way if entry[0] > now + 1e-6]
            return arrived

    def _seen(self, frame: DepthFrame) -> DepthFrame:
        is_on = self._schedule.is_on
        depth, stamp = frame.depth, frame.stamp
        if is_on("camera_frozen") and self._last is not None:
            depth = self._last
        if is_on("camera_black"):
            specks = self._random.random(depth.shape) < SPECKS
            depth = np.where(specks, self._random.integers(*_SPECK_RANGE, depth.shape), 0).astype(np.uint16)
        if is_on("depth_invalid"):
            depth = np.zeros_like(depth)
        self._last = depth
        return DepthFrame(stamp + (CLOCK_JUMP if is_on("clock_jump") else 0.0), depth)
