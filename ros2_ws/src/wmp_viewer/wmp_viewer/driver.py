"""At most one page drives, and it must keep holding the stick.

Times are in s, on one clock.
"""

from __future__ import annotations

import math

Velocity = tuple[float, float, float]

STILL: Velocity = (0.0, 0.0, 0.0)
#: Longest time between two messages of a page whose stick is held [s]; it sends one every 0.1 s.
HOLD_TIME = 0.5


class Driver:
    """The page that drives, if any, and its velocity.

    While a page drives, :meth:`velocity` is the velocity command; it is None without a driver: silence on
    ``cmd_vel`` makes the controller stop, as when an operator is lost.
    """

    def __init__(self) -> None:
        self.page: object | None = None
        self._velocity, self._time = STILL, -math.inf

    def arm(self, page: object) -> bool:
        """Let ``page`` drive; False if another one does."""
        if self.page is not None and self.page is not page:
            return False
        self.page, self._velocity = page, STILL
        return True

    def disarm(self, page: object) -> None:
        """``page`` no longer drives, or is gone; nothing changes if it did not."""
        if self.page is page:
            self.page, self._velocity = None, STILL

    def hold(self, velocity: Velocity, now: float) -> None:
        """The driver holds its stick at ``velocity``."""
        self._velocity, self._time = velocity, now

    def velocity(self, now: float) -> Velocity | None:
        """What to publish at ``now``: zero once the stick is no longer held, None without a driver."""
        if self.page is None:
            return None
        return self._velocity if now - self._time <= HOLD_TIME else STILL
