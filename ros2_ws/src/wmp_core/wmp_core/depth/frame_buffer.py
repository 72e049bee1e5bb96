"""Buffer of the most recent depth frames, searched by capture time."""

from __future__ import annotations

import bisect
from typing import List, NamedTuple, Optional

import numpy as np


class Frame(NamedTuple):
    """A frame and its capture time in s."""

    stamp: float
    image: np.ndarray


class FrameBuffer:
    """Frames of the last ``span_s`` seconds, ordered by stamp.

    Drivers reorder, repeat and restart. The effect of a new stamp is:

    - later than the newest: appended; frames more than ``span_s`` older are dropped;
    - within the span but out of order: inserted in order;
    - equal to an existing one: replaces that frame;
    - more than ``span_s`` before the newest: the clock has jumped back (a bag loops, a simulation restarts,
      the system time was set), so the buffer is cleared and then holds this frame only.

    Args:
        span_s: seconds to keep.
        capacity: maximum number of frames; the oldest are dropped first.
    """

    def __init__(self, span_s: float, capacity: int = 64) -> None:
        if not span_s > 0:
            raise ValueError(f"frame buffer: span_s is {span_s!r}, expected a positive number of seconds")
        if capacity < 1:
            raise ValueError(f"frame buffer: capacity is {capacity!r}, expected at least 1")
        self._span = span_s
        self._capacity = capacity
        self._stamps: List[float] = []
        self._frames: List[Frame] = []

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def newest_stamp(self) -> Optional[float]:
        """Stamp of the newest frame in s, ``None`` while empty."""
        return self._stamps[-1] if self._stamps else None

    def clear(self) -> None:
        """Drop every frame."""
        self._stamps.clear()
        self._frames.clear()

    def add(self, stamp: float, image: np.ndarray) -> None:
        """Add ``image``, captured at ``stamp`` s. The array is not copied.

        Raises:
            ValueError: the stamp is not finite.
        """
        if not np.isfinite(stamp):
            raise ValueError(f"frame buffer: stamp is {stamp!r}, expected a finite time in s")
        if self._stamps and stamp < self._stamps[-1] - self._span:
            self.clear()
        index = bisect.bisect_left(self._stamps, stamp)
        if index < len(self._stamps) and self._stamps[index] == stamp:
            self._frames[index] = Frame(stamp, image)
            return
        self._stamps.insert(index, stamp)
        self._frames.insert(index, Frame(stamp, image))
        self._drop_old()

    def _drop_old(self) -> None:
        expired = bisect.bisect_left(self._stamps, self._stamps[-1] - self._span)
        excess = max(expired, len(self._stamps) - self._capacity)
        del self._stamps[:excess]
        del self._frames[:excess]

    def nearest(self, stamp: float, tolerance: float) -> Optional[Frame]:
        """The frame nearest to ``stamp``, the older of two equally near; ``None`` beyond ``tolerance`` s."""
        index = bisect.bisect_left(self._stamps, stamp)
        around = self._frames[max(index - 1, 0) : index + 1]
        if not around:
            return None
        frame = min(around, key=lambda candidate: abs(candidate.stamp - stamp))
        return frame if abs(frame.stamp - stamp) <= tolerance else None
