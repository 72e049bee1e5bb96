"""The preflight: checks before a robot receives torque, and which requests a failed check refuses.

The bundle's graphs and the robot are checked once, before the control loop starts. Camera and depth filters
are checked at every request to walk, by the status of ``depth_node``. The result is valid until the robot is
switched off.
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

#: ``required``: no torque until all checks pass; ``ignored``: log failures, grant all; ``none``: no checks.
ENFORCEMENTS = ("required", "ignored", "none")

#: Age at which a status of depth_node is outdated [s]; it publishes one per second.
_STATUS_TIMEOUT = 3.0
_TORQUE = (Request.STAND_UP, Request.WALK)


class _DepthStatus(NamedTuple):
    problem: str
    stamp: float


class Preflight:
    """Stores the checks and vetoes requests.

    Args:
        enforcement: one of :data:`ENFORCEMENTS`.
        dry_run: nothing reaches the motors, so nothing is refused.
        wait_s: how long to wait for a robot that is not switched on yet [s].
        clock: time [s], for the age of a status.
        statistics: returns the link's counts since the robot was checked.
        log: logs a level and a line; called in the control thread, so a blocked terminal must not block it.
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
            raise ValueError(
                f"parameter preflight is {enforcement!r}, expected one of {', '.join(ENFORCEMENTS)}"
            )
        if not 0 <= wait_s < math.inf:
            raise ValueError(f"parameter preflight_wait is {wait_s!r}, expected seconds from 0")
        self._enforcement, self._dry_run, self._clock = enforcement, dry_run, clock
        self._statistics, self._log = statistics, log
        self.wait_s = wait_s if self.is_enabled else 0.0
        self._failed: Optional[List[Check]] = None
        self._depth: Optional[_DepthStatus] = None

    @property
    def is_enabled(self) -> bool:
        return self._enforcement != "none"

    def set_result(self, checks: Sequence[Check]) -> None:
        """Log the checks and store which failed."""
        for check in checks:
            level = {Verdict.PASS: logging.INFO, Verdict.WARN: logging.WARNING, Verdict.FAIL: logging.ERROR}
            _log.log(level[check.verdict], "preflight %s: %s", check.verdict.value, _sentence(check))
        self._failed = [check for check in checks if check.verdict is Verdict.FAIL]
        if self._failed and self._enforcement == "ignored" and not self._dry_run:
            names = ", ".join(check.name for check in self._failed)
            _log.critical("PREFLIGHT IGNORED: %s failed, but requests are granted", names)

    def update_depth_status(self, problem: str) -> None:
        """A status of depth_node: its problem, empty if there is none. Any thread."""
        self._depth = _DepthStatus(problem, self._clock())

    def veto(self, request: Request) -> Optional[str]:
        """Why ``request`` must be refused; None if it need not be. Sitting down and a stop never are."""
        if not self.is_enabled or self._dry_run or request not in _TORQUE:
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
            failures = "; ".join(f"the preflight failed, {_sentence(check)}" for check in self._failed)
            return f"{failures}; then restart policy_node"
        problem = self._restart_problem()
        if problem is None and request is Request.WALK:
            problem = self._depth_problem()
        return problem

    def _restart_problem(self) -> Optional[str]:
        """A robot that was switched off may have other encoder zeros, IMU and mode."""
        statistics = self._statistics()
        if statistics.restarts:
            return "the robot has restarted since the preflight: restart policy_node"
        if statistics.silences:
            # With the cable out, the reset of the tick goes unseen, and the SDK does not report one.
            return "the robot was silent since the preflight and may have restarted: restart policy_node"
        return None

    def _depth_problem(self) -> Optional[str]:
        if self._depth is None or self._clock() - self._depth.stamp > _STATUS_TIMEOUT:
            return f"no status from depth_node for {_STATUS_TIMEOUT:g} s: is it running?"
        return f"depth_node reports: {self._depth.problem}" if self._depth.problem else None


def _sentence(check: Check) -> str:
    return f"{check.name}: {check.found}" + (f" ({check.remedy})" if check.remedy else "")
