"""Exponential smoothing over time."""

from __future__ import annotations

import math


class Smoothed:
    """Exponential smoothing of readings with a time constant in s, starting at ``initial``."""

    def __init__(self, time_constant: float, initial: float = 0.0) -> None:
        self._time_constant = time_constant
        self._initial = self.value = initial

    def reset(self) -> None:
        """Start again from the initial value."""
        self.value = self._initial

    def update(self, reading: float, elapsed: float) -> float:
        """Add a reading that came ``elapsed`` s after the last one; returns the smoothed value.

        A reading that is not finite is returned as it is and leaves the smoothed value unchanged.
        """
        if not math.isfinite(reading):
            return reading
        if self._time_constant <= 0:
            self.value = reading
        else:
            self.value += (reading - self.value) * -math.expm1(-elapsed / self._time_constant)
        return self.value
