"""A robot that does not answer: said once, and soon, instead of leaving an operator to wonder."""

from __future__ import annotations

import time
from typing import Callable, Optional

from wmp_core.a1.link import A1LinkSettings, LinkStatistics

_PATIENCE_S = 0.5


class Silence:
    """Looks at the link's counts now and then, from the first command on.

    Args:
        settings: the link's.
        wait_s: for how long the robot is waited for; 0: for ever.
        clock: s.
    """

    def __init__(
        self, settings: A1LinkSettings, wait_s: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = f"{settings.robot_host}:{settings.robot_port}"
        self._wait = f"waiting for {wait_s:g} s: " if wait_s else ""
        self._clock = clock
        self._asking_since: Optional[float] = None
        self._is_settled = False

    def complaint(self, statistics: LinkStatistics) -> Optional[str]:
        """The line for the log, once; None before it is time, after the first state, and ever after."""
        if self._is_settled or statistics.sent + statistics.send_failures == 0:
            return None
        now = self._clock()
        if self._asking_since is None:
            self._asking_since = now
        is_silent = statistics.received == 0
        self._is_settled = not is_silent or now - self._asking_since >= _PATIENCE_S
        if not (is_silent and self._is_settled):
            return None
        return (
            f"no state from the robot at {self._address} for {_PATIENCE_S:g} s: {self._wait}switch it on, or "
            "check robot.address, the cable, this computer's address in the robot's network, and that the "
            "robot has left sport mode"
        )
