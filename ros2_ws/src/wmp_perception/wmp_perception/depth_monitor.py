"""Detects a camera that still streams but delivers no usable depth."""

from __future__ import annotations

import math
from typing import Optional

import numpy as np

#: Time for which frames may be useless [s]: a robot that climbs looks at the sky for a moment.
PATIENCE = 0.3
#: Share of valid pixels below which a frame is useless. A covered lens leaves specks of noise.
MIN_VALID = 0.02
#: The robot walks as long as its newest policy step is not older than this [s]; steps may be late.
_STEP_AGE = 0.25


class DepthMonitor:
    """Judges each frame by its content and by the previous frames.

    A frame is useless if it has hardly a valid pixel, or if it equals the previous one while the robot walks:
    a moving camera never sees the same image twice. Only a problem that lasts for ``PATIENCE`` counts.
    """

    def __init__(self) -> None:
        self._before: Optional[np.ndarray] = None
        self._last_valid = math.nan
        self._last_new = math.nan
        self._walking_since = self._last_step = -math.inf

    def on_step(self, stamp: float, is_first: bool) -> None:
        """A policy step at ``stamp`` s."""
        self._last_step = stamp
        if is_first:
            self._walking_since = stamp

    def is_usable(self, stamp: float, depth: np.ndarray) -> bool:
        """Whether the frame of ``stamp`` s, uint16 ``[height, width]``, can be used."""
        is_new = self._before is None or not np.array_equal(depth, self._before)
        self._before = depth
        if np.count_nonzero(depth) >= MIN_VALID * depth.size or math.isnan(self._last_valid):
            self._last_valid = stamp
        if is_new:
            self._last_new = stamp
        is_walking = stamp - self._last_step < _STEP_AGE
        is_frozen = is_walking and stamp - max(self._last_new, self._walking_since) > PATIENCE
        return not is_frozen and stamp - self._last_valid <= PATIENCE
