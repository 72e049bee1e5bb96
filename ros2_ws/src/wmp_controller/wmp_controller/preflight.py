"""The preflight: checks before a robot gets torque, and the requests that a failed check refuses.

The computer, the bundle's networks and the robot are checked once, before the control loop starts, and the
result holds until the robot is switched off. The camera and the depth chain are checked at each request to
walk, from the status that ``depth_node`` publishes.
"""

from __future__ import annotations

import logging
import math
import time
from typing import Callable, List, NamedTuple, Optional, Sequence

from wmp_core.a1.link import LinkStatistics
from wmp_core.control.modes import Request
from wmp_core.doctor.check import Check, Verdict

_log = logging.getLogger(__name__)

#: ``required``: no torque until all checks pass; ``ignored``: log failures and continue; ``none``: no checks.
ENFORCEMENTS = ("required", "ignored", "none")

#: Age from which a status of depth_node no longer counts; depth_node publishes one per second [s].
_MAX_STATUS_AGE = 3.0
_TORQUE_REQUESTS = (Request.STAND_UP, Request.WALK)
_LOG_LEVELS = {Verdict.PASS: logging.INFO, Verdict.WARN: logging.WARNING, Verdict.FAIL: logging.ERROR}


class _DepthStatus(NamedTuple):
    problem: str
    received: float


class Preflight:
    """Keeps the results of the checks and decides which requests they refuse.

    Args:
        enforcement: one of :data:`ENFORCEMENTS`.
        dry_run: no command reaches the motors, so no request is refused.
        wait_s: time to wait for a robot that is not switched on yet [s].
        clock: monotonic time, for the age of a status [s].
        statistics: the link's counters since the robot was checked.
        log: logs a level and a line from the control thread; must not block on a terminal.

    Raises:
        ValueError: ``enforcement`` or ``wait_s`` is out of range.
    """

    def __init__(
        self,
        enforcement: str,
        dry_run: bool,
        wait_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        statistics: Callable[[], LinkStatistics] = LinkStatistics,
        log: Callable[[int, str], None] = _log.log,
    ) -> None:
        if enforcement not in ENFORCEMENTS:
            expected = ", ".join(ENFORCEMENTS)
            raise ValueError(f"parameter preflight is {enforcement!r}, expected one of {expected}")
        if not 0 <= wait_s < math.inf:
            raise ValueError(
                f"parameter preflight_wait is {wait_s!r}, expected a finite number of seconds from 0"
            )
        self._enforcement, self._dry_run, self._clock = enforcement, dry_run, clock
        self._statistics, self._log = statistics, log
        self.wait_s = wait_s if self.is_wanted else 0.0
        self._failed: Optional[List[Check]] = None
        self._depth: Optional[_DepthStatus] = None

    @property
    def is_wanted(self) -> bool:
        return self._enforcement != "none"

    def finish(self, checks: Sequence[Check]) -> None:
        """Log the checks and keep those that failed."""
        for check in checks:
            _log.log(_LOG_LEVELS[check.verdict], "preflight %s: %s", check.verdict.value, _format(check))
        self._failed = [check for check in checks if check.verdict is Verdict.FAIL]
        if self._failed and self._enforcement == "ignored" and not self._dry_run:
            names = ", ".join(check.name for check in self._failed)
            _log.critical("PREFLIGHT IGNORED: %s failed, and the robot can still move", names)

    def update_depth_status(self, problem: str) -> None:
        """Keep the newest status of depth_node: its problem, empty if there is none. Any thread."""
        self._depth = _DepthStatus(problem, self._clock())

    def veto(self, request: Request) -> Optional[str]:
        """Why ``request`` is refused, None if it is not; never refuses to sit down or to stop."""
        if not self.is_wanted or self._dry_run or request not in _TORQUE_REQUESTS:
            return None
        problem = self._problem(request)
        if problem is None:
            return None
        if self._enforcement == "ignored":
            self._log(logging.CRITICAL, f"PREFLIGHT IGNORED: {request.value} although {problem}")
            return None
        return f"{problem}; preflight:=ignored overrides this, at your own risk"

    def _problem(self, request: Request) -> Optional[str]:
        if self._failed is None:
            return "the preflight has not finished: it starts once the robot answers"
        if self._failed:
            failures = "; ".join(f"the preflight failed, {_format(check)}" for check in self._failed)
            return f"{failures}; then restart policy_node"
        problem = self._restart_problem()
        if problem is None and request is Request.WALK:
            problem = self._depth_problem()
        return problem

    def _restart_problem(self) -> Optional[str]:
        """A robot that was switched off has new joint zeros, a new IMU reference and another mode."""
        statistics = self._statistics()
        if statistics.restarts:
            return "the robot has restarted since the preflight: restart policy_node"
        if statistics.silences:
            # While a cable is unplugged nobody sees the tick restart, and the SDK reports no restart at all.
            return "the robot was silent since the preflight, and may have restarted: restart policy_node"
        return None

    def _depth_problem(self) -> Optional[str]:
        if self._depth is None or self._clock() - self._depth.received > _MAX_STATUS_AGE:
            return f"no status from depth_node for {_MAX_STATUS_AGE:g} s: is it running?"
        return f"depth_node reports: {self._depth.problem}" if self._depth.problem else None


def _format(check: Check) -> str:
    return f"{check.name}: {check.found}" + (f" ({check.remedy})" if check.remedy else "")
