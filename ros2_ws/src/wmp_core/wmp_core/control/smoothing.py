"""Exponential smoothing over time."""

from __future__ import annotations

import math


class Smoothed:
    """A quantity that follows its readings with a time constant in s, beginning at ``initial``."""

    def __init__(self, time_constant: float, initial: float = 0.0) -> None:
        self._time_constant = time_constant
        self._initial = self.value = initial

    def reset(self) -> None:
        """Begin again."""
        self.value = self._initial

    def update(self, reading: float, elapsed: float) -> float:
        """The smoothed value ``elapsed`` s after the last reading; a reading that is not finite is returned
        as it is and not remembered."""
        if not math.isfinite(reading):
            return reading
        if self._time_constant <= 0:
            self.value = reading
        else:
            self.value += (reading - self.value) * -math.expm1(-elapsed / self._time_constant)
        return self.value
