"""The clock that stamps robot states in real time."""

from __future__ import annotations

import time
from typing import Optional

#: Largest step of the system clock that is tolerated: half of an image's allowed offset from its tick [s].
_MAX_STEP = 0.02


class StampClock:
    """System time at construction plus the monotonic time since, in s.

    It is comparable to camera stamps and never goes back. States are stamped and their ages computed with one
    instance: two that were created before and after a step of the system clock would differ by that step,
    and so would the age that the safety monitor sees of a silent robot.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> float:
        return time.monotonic() + self._offset

    def step_warning(self) -> Optional[str]:
        """Why the clock is no longer comparable to camera stamps, None if it is.

        Cameras stamp with the system clock: after it was set, their images count as late.
        """
        step = time.time() - self()
        if abs(step) <= _MAX_STEP:
            return None
        return f"the system clock was set by {step:+.3f} s since policy_node started: restart policy_node"
