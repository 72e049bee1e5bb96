"""Warnings about the link to the robot: a robot that does not answer, commands that cannot be sent."""

from __future__ import annotations

import time
from typing import Callable, List, Optional

from wmp_core.a1.link import A1LinkSettings, LinkStatistics

_PATIENCE_S = 0.5


class LinkMonitor:
    """Polls the link's counts, from the first command on, and warns of each problem once.

    Args:
        settings: the link's settings.
        wait_s: how long the preflight waits for the robot [s]; 0: without a limit.
        warns_of_silence: False in lockstep, where the control loop itself fails without a state.
        clock: returns the time [s].
    """

    def __init__(
        self,
        settings: A1LinkSettings,
        wait_s: float = 0.0,
        warns_of_silence: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = f"{settings.robot_host}:{settings.robot_port}"
        self._wait = f"waiting for {wait_s:g} s: " if wait_s else ""
        self._clock = clock
        self._sending_since: Optional[float] = None
        self._is_silence_settled = not warns_of_silence
        self._has_warned_of_failures = False

    def warnings(self, statistics: LinkStatistics) -> List[str]:
        """New warnings for the log."""
        found = [self._silence_warning(statistics), self._send_failure_warning(statistics)]
        return [warning for warning in found if warning is not None]

    def _silence_warning(self, statistics: LinkStatistics) -> Optional[str]:
        """A warning if there is no state 0.5 s after the first command; after a state, never again."""
        if self._is_silence_settled or statistics.sent + statistics.send_failures == 0:
            return None
        now = self._clock()
        if self._sending_since is None:
            self._sending_since = now
        is_silent = statistics.received == 0
        self._is_silence_settled = not is_silent or now - self._sending_since >= _PATIENCE_S
        if not (is_silent and self._is_silence_settled):
            return None
        return (
            f"no state from the robot at {self._address} for {_PATIENCE_S:g} s: {self._wait}switch it on, or "
            "check robot.address, the cable, this computer's address in the robot's network, and that the "
            "robot has left sport mode"
        )

    def _send_failure_warning(self, statistics: LinkStatistics) -> Optional[str]:
        if not statistics.send_failures or self._has_warned_of_failures:
            return None
        self._has_warned_of_failures = True
        return "a command could not be sent to the robot: check cable and network"
