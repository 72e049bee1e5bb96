"""Before a robot gets torque: the doctor's checks that matter, and what a failed one stops.

The computer, the bundle's graphs and the robot are examined once, before the control loop starts; the camera
and its depth chain are judged when a walk is asked for, by what ``depth_node`` says about itself. What was
found of a robot holds until it is switched off.
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

#: ``required``: no torque before all is well; ``ignored``: tell and go on; ``none``: do not look.
DEMANDS = ("required", "ignored", "none")

#: s after which what a node has said about itself no longer counts; it speaks once per second.
_HEARSAY_AGE = 3.0
_TORQUE = (Request.STAND_UP, Request.WALK)


class _Heard(NamedTuple):
    problem: str
    at: float


class Preflight:
    """Collects checks and answers whether a request may be granted.

    Args:
        demand: one of :data:`DEMANDS`.
        dry_run: nothing reaches the motors, so nothing is refused.
        wait_s: s for which a robot that is not switched on yet is waited for.
        clock: s, for the age of what was heard.
        statistics: the link's counts since the robot was examined.
        log: takes a level and a line in the control thread, and must not be held up by a terminal.
    """

    def __init__(
        self,
        demand: str,
        dry_run: bool,
        wait_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        statistics: Callable[[], LinkStatistics] = LinkStatistics,
        log: Callable[[int, str], None] = _log.log,
    ) -> None:
        if demand not in DEMANDS:
            raise ValueError(f"parameter preflight is {demand!r}, expected one of {', '.join(DEMANDS)}")
        if not 0 <= wait_s < math.inf:
            raise ValueError(f"parameter preflight_wait is {wait_s!r}, expected seconds from 0")
        self._demand, self._dry_run, self._clock = demand, dry_run, clock
        self._statistics, self._tell = statistics, log
        self.wait_s = wait_s if self.is_wanted else 0.0
        self._failed: Optional[List[Check]] = None
        self._depth: Optional[_Heard] = None

    @property
    def is_wanted(self) -> bool:
        return self._demand != "none"

    def conclude(self, checks: Sequence[Check]) -> None:
        """Log the checks and remember which failed."""
        for check in checks:
            level = {Verdict.PASS: logging.INFO, Verdict.WARN: logging.WARNING, Verdict.FAIL: logging.ERROR}
            _log.log(level[check.verdict], "preflight %s: %s", check.verdict.value, _sentence(check))
        self._failed = [check for check in checks if check.verdict is Verdict.FAIL]
        if self._failed and self._demand == "ignored" and not self._dry_run:
            names = ", ".join(check.name for check in self._failed)
            _log.critical("PREFLIGHT IGNORED: %s failed, and the robot will move all the same", names)

    def hear(self, problem: str) -> None:
        """What depth_node says about itself; empty if all is well. Any thread."""
        self._depth = _Heard(problem, self._clock())

    def veto(self, request: Request) -> Optional[str]:
        """Why ``request`` is to be refused; never holds up sitting down or a stop."""
        if not self.is_wanted or self._dry_run or request not in _TORQUE:
            return None
        problem = self._problem(request)
        if problem is None:
            return None
        if self._demand == "ignored":
            self._tell(logging.CRITICAL, f"PREFLIGHT IGNORED: {request.value} although {problem}")
            return None
        return f"{problem}; preflight:=ignored overrides this, at your own risk"

    def _problem(self, request: Request) -> Optional[str]:
        if self._failed is None:
            return "the preflight has not been concluded: it begins once the robot answers"
        if self._failed:
            failures = "; ".join(f"the preflight failed, {_sentence(check)}" for check in self._failed)
            return f"{failures}; then restart policy_node"
        problem = self._restart()
        if problem is None and request is Request.WALK:
            problem = self._depth_problem()
        return problem

    def _restart(self) -> Optional[str]:
        """Whether the robot may have been switched off: its zeros, its IMU and its mode are new then."""
        statistics = self._statistics()
        if statistics.restarts:
            return "the robot has restarted since the preflight: restart policy_node"
        if statistics.silences:
            # A cable that was out hides the tick's fall, and the SDK tells of none.
            return "the robot was silent since the preflight, and may have restarted: restart policy_node"
        return None

    def _depth_problem(self) -> Optional[str]:
        if self._depth is None or self._clock() - self._depth.at > _HEARSAY_AGE:
            return f"depth_node has said nothing about its camera for {_HEARSAY_AGE:g} s: is it running?"
        return f"depth_node reports: {self._depth.problem}" if self._depth.problem else None


def _sentence(check: Check) -> str:
    return f"{check.name}: {check.found}" + (f" ({check.remedy})" if check.remedy else "")
