"""Detects a camera that still delivers frames, but no usable depth."""

from __future__ import annotations

import math
from typing import Optional

import numpy as np

#: Longest time [s] without a usable frame. The camera of a climbing robot points at the sky for a moment.
GRACE_PERIOD_S = 0.3
#: Smallest share of valid pixels in a usable frame. A covered lens leaves specks of noise.
MIN_VALID_RATIO = 0.02
#: The robot counts as walking while its last step is no older than this [s]; policy steps may arrive late.
_MAX_STEP_AGE_S = 0.25


class ImageMonitor:
    """Judges each frame by its content and by the frames before it.

    A frame is unusable if it has almost no valid pixel, or if it equals the frame before while the robot
    walks: a moving camera never records the same frame twice. The verdict changes once this has lasted for
    ``GRACE_PERIOD_S``.
    """

    def __init__(self) -> None:
        self._previous: Optional[np.ndarray] = None
        self._last_valid = math.nan
        self._last_change = math.nan
        self._walking_since = self._last_step = -math.inf

    def on_step(self, stamp: float, is_first: bool) -> None:
        """Record a policy step at ``stamp`` s."""
        self._last_step = stamp
        if is_first:
            self._walking_since = stamp

    def is_usable(self, stamp: float, depth: np.ndarray) -> bool:
        """Whether the camera delivers usable depth as of this frame.

        Args:
            stamp: capture time [s].
            depth: uint16 ``[height, width]``, 0 = invalid.
        """
        has_changed = self._previous is None or not np.array_equal(depth, self._previous)
        self._previous = depth
        if np.count_nonzero(depth) >= MIN_VALID_RATIO * depth.size or math.isnan(self._last_valid):
            self._last_valid = stamp
        if has_changed:
            self._last_change = stamp
        is_walking = stamp - self._last_step < _MAX_STEP_AGE_S
        is_frozen = is_walking and stamp - max(self._last_change, self._walking_since) > GRACE_PERIOD_S
        return not is_frozen and stamp - self._last_valid <= GRACE_PERIOD_S
