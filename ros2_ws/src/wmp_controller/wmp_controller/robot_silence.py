"""Warns the operator when the robot does not answer the first commands."""

from __future__ import annotations

import time
from typing import Callable, Optional

from wmp_core.a1.link import A1LinkSettings, LinkStatistics

#: Time without an answer, counted from the first command, before the warning [s].
_WARN_AFTER_S = 0.5


class RobotSilence:
    """Polls the link's counters from the first command on, until the robot answers or the warning is due.

    Args:
        settings: the link's.
        wait_s: how long the controller waits for the robot, named in the warning [s]; 0: no limit.
        clock: monotonic time [s].
    """

    def __init__(
        self, settings: A1LinkSettings, wait_s: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = f"{settings.robot_host}:{settings.robot_port}"
        self._wait = f"waiting for {wait_s:g} s: " if wait_s else ""
        self._clock = clock
        self._first_command: Optional[float] = None
        self._is_settled = False

    def warning(self, statistics: LinkStatistics) -> Optional[str]:
        """The warning, returned once; None before it is due, afterwards, and if the robot has answered."""
        if self._is_settled or statistics.sent + statistics.send_failures == 0:
            return None
        now = self._clock()
        if self._first_command is None:
            self._first_command = now
        is_silent = statistics.received == 0
        self._is_settled = not is_silent or now - self._first_command >= _WARN_AFTER_S
        if not (is_silent and self._is_settled):
            return None
        return (
            f"no state from the robot at {self._address} for {_WARN_AFTER_S:g} s: {self._wait}switch it on, "
            "or check robot.address, the cable, this computer's address in the robot's network, and that the "
            "robot has left sport mode"
        )
