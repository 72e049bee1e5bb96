"""The robot's tick: order of arriving states, and counts of lost, repeated and reordered ones.

The vendor's headers disagree about the unit of the tick. It is learned: a robot sends a state every 1 or
2 ms, so the tick grows by a few per state if it counts milliseconds, and by a thousand or more if it counts
microseconds.
"""

from __future__ import annotations

from statistics import median_low
from typing import List, Optional

from wmp_core.a1.robot_link import LinkStatistics

#: Unit of the simulated robot's tick in lockstep, s.
TICK_SECONDS = 1e-3
_MICROSECOND = 1e-6
# Smallest step of a tick that counts microseconds; in milliseconds, no robot sends that seldom.
_SMALLEST_IN_MICROSECONDS = 400
_TICK_SPAN = 2**32
# s; a larger difference between tick and arrival time is a restart, a smaller one disorder on the way.
_RESTART = 1.0
# Number of steps from which the usual one is learned.
_LEARNED_STEPS = 15


def unit_of(step: float) -> float:
    """s of one tick of a robot whose tick grows by ``step`` per state."""
    return TICK_SECONDS if step < _SMALLEST_IN_MICROSECONDS else _MICROSECOND


class TickOrder:
    """Accepts fresh states; counts lost, repeated and reordered ones, and restarts of the robot.

    Args:
        statistics: receives the counts.
    """

    def __init__(self, statistics: LinkStatistics) -> None:
        self._statistics = statistics
        self._newest: Optional[int] = None
        self._arrival: Optional[float] = None
        self._steps: List[int] = []
        self._step: Optional[int] = None

    @property
    def step(self) -> Optional[int]:
        """Ticks per state, the median of the first steps; None before the second state."""
        return self._step

    @property
    def unit(self) -> float:
        """s of one tick. Before the second state, the shorter one: no disorder then passes for a restart."""
        return unit_of(self._step or _TICK_SPAN)

    def accept(self, tick: int, arrival: Optional[float] = None) -> bool:
        """Whether this state is newer than all earlier ones, or the first after a restart.

        Args:
            tick: of the state.
            arrival: s; None in lockstep, where the time between two states has no meaning.
        """
        is_fresh = self._newest is None or self._is_fresh(tick, self._newest, arrival)
        if is_fresh:
            self._newest, self._arrival = tick, arrival
        return is_fresh

    def _is_fresh(self, tick: int, newest: int, arrival: Optional[float]) -> bool:
        # The counter wraps: the shorter way round gives the direction.
        step = (tick - newest + _TICK_SPAN // 2) % _TICK_SPAN - _TICK_SPAN // 2
        if step == 0:
            self._statistics.duplicates += 1
            return False
        if step > 0 and not self._is_ahead(step, arrival):
            # A step may be half as long again by jitter alone.
            self._statistics.lost += max(0, int(step / self._learned(step) + 0.25) - 1)
            return True
        if step > 0 or step * self.unit < -_RESTART:
            self._statistics.restarts += 1
            return True
        self._statistics.reordered += 1
        return False

    def _learned(self, step: int) -> int:
        if len(self._steps) < _LEARNED_STEPS:
            self._steps.append(step)
            self._step = median_low(self._steps)
        return self._step or step

    def _is_ahead(self, step: int, arrival: Optional[float]) -> bool:
        """Whether the tick has grown by more than the time since the last state: microseconds wrap every 71
        minutes, so after a longer run a restart looks like a leap forward."""
        if self._step is None or arrival is None or self._arrival is None:
            return False
        return step * self.unit > arrival - self._arrival + _RESTART
