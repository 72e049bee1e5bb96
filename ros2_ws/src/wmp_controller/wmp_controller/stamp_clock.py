"""The clock of robot states: comparable with camera stamps, and unaffected when the system time is set."""

from __future__ import annotations

import time


class StampClock:
    """System time at construction plus the monotonic time since.

    One instance must both stamp the states and compute their age. Two of them, created before and after the
    system time was set, would disagree by that step, and the safety monitor would misjudge a silent robot.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> float:
        """Time [s]."""
        return time.monotonic() + self._offset

    def system_time_step(self) -> float:
        """Time by which the system time was set since construction [s]."""
        return time.time() - self()
