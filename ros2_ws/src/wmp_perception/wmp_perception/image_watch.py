"""Tells when a camera that still delivers frames has stopped to see."""

from __future__ import annotations

import math
from typing import Optional

import numpy as np

#: For so long (s) frames may say nothing: a robot that climbs looks at the sky for a moment.
PATIENCE = 0.3
#: Share of pixels without which a frame says nothing. A covered lens leaves specks of noise.
FEWEST_VALID = 0.02
#: A robot walks as long as its steps are not older than this (s); policy steps may come late.
_STEP_AGE = 0.25


class ImageWatch:
    """Judges frames by themselves and by the ones before.

    A frame says nothing if it has hardly a valid pixel, or equals the one before while the robot walks: a
    camera that moves never sees the same twice. Only what has lasted for ``PATIENCE`` counts.
    """

    def __init__(self) -> None:
        self._before: Optional[np.ndarray] = None
        self._last_telling = math.nan
        self._last_new = math.nan
        self._walks_since = self._last_step = -math.inf

    def on_step(self, stamp: float, is_first: bool) -> None:
        """A policy step at ``stamp`` s."""
        self._last_step = stamp
        if is_first:
            self._walks_since = stamp

    def sees(self, stamp: float, depth: np.ndarray) -> bool:
        """Whether the frame of ``stamp`` s, uint16 ``[height, width]``, is worth a look."""
        is_new = self._before is None or not np.array_equal(depth, self._before)
        self._before = depth
        if np.count_nonzero(depth) >= FEWEST_VALID * depth.size or math.isnan(self._last_telling):
            self._last_telling = stamp
        if is_new:
            self._last_new = stamp
        walks = stamp - self._last_step < _STEP_AGE
        is_frozen = walks and stamp - max(self._last_new, self._walks_since) > PATIENCE
        return not is_frozen and stamp - self._last_telling <= PATIENCE
