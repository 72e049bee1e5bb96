"""The robot's tick: its unit, and what the ticks of arriving states tell of those that did not arrive."""

from __future__ import annotations

from typing import Optional

from wmp_core.a1.robot_link import LinkStatistics

#: s of one tick.
TICK_SECONDS = 1e-3
_TICK_SPAN = 2**32


class TickOrder:
    """Tells fresh states from repeated and overtaken ones, and counts both, the lost and the restarts.

    Args:
        ticks_per_state: tick difference of consecutive states; 0 where it is unknown: none counts as lost.
        statistics: where the counts go.
    """

    def __init__(self, ticks_per_state: int, statistics: LinkStatistics) -> None:
        self._ticks_per_state = ticks_per_state
        self._statistics = statistics
        self._newest: Optional[int] = None

    def accept(self, tick: int) -> bool:
        """Whether the state of ``tick`` is newer than all before it, or the first after a restart."""
        is_fresh = self._newest is None or self._is_fresh(tick, self._newest)
        if is_fresh:
            self._newest = tick
        return is_fresh

    def _is_fresh(self, tick: int, newest: int) -> bool:
        # The counter wraps; the shorter way round tells its direction.
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
