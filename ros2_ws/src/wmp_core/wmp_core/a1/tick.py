"""The robot's tick: order of arriving states, and counts of lost, repeated and reordered ones."""

from __future__ import annotations

from typing import Optional

from wmp_core.a1.robot_link import LinkStatistics

#: s of one tick.
TICK_SECONDS = 1e-3
_TICK_SPAN = 2**32


class TickOrder:
    """Accepts fresh states; counts lost, repeated and reordered ones, and restarts of the robot.

    Args:
        ticks_per_state: tick difference of consecutive states; 0 if unknown, and none counts as lost.
        statistics: receives the counts.
    """

    def __init__(self, ticks_per_state: int, statistics: LinkStatistics) -> None:
        self._ticks_per_state = ticks_per_state
        self._statistics = statistics
        self._newest: Optional[int] = None

    def accept(self, tick: int) -> bool:
        """Whether this state is newer than all earlier ones, or the first after a restart."""
        is_fresh = self._newest is None or self._is_fresh(tick, self._newest)
        if is_fresh:
            self._newest = tick
        return is_fresh

    def _is_fresh(self, tick: int, newest: int) -> bool:
        # The counter wraps: the shorter way round gives the direction.
        step = (tick - newest + _TICK_SPAN // 2) % _TICK_SPAN - _TICK_SPAN // 2
        if step > 0:
            if self._ticks_per_state:
                self._statistics.lost += max(0, round(step / self._ticks_per_state) - 1)
            return True
        if step * TICK_SECONDS < -1.0:
            self._statistics.restarts += 1
            return True
        if step == 0:
            self._statistics.duplicates += 1
        else:
            self._statistics.reordered += 1
        return False
