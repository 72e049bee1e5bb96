"""Takes readings of any rate on the contract's grid in time."""

from __future__ import annotations

from collections.abc import Iterator

from wmp_replay.bag.records import Joints

#: Periods without a reading that end an episode.
PAUSE = 3.0
#: Share of a reading's distance from the grid by which the grid follows it: a driver at the contract's rate
#: has its own clock and jitter, and must not drift from one reading to the next.
FOLLOW = 0.1


class TimeGrid:
    """Add every reading in order of time; yields one per period, with its tick, counted from 0.

    The reading nearest to each grid time is taken. A grid time without a reading within half a period is a
    missing tick; a longer pause starts a new episode at tick 0.
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._tick = 0
        self._due: float | None = None
        self._before: Joints | None = None  # the newest reading before the grid time
        self._last = 0.0

    def feed(self, reading: Joints) -> Iterator[tuple[int, Joints]]:
        if (
            self._due is None
            or reading.stamp - self._last > PAUSE * self._period
            or reading.stamp < self._last
        ):
            if self._before is not None and self._is_near(self._before):
                yield self._take(self._before)
            self._tick, self._due, self._before = 0, reading.stamp, None
            yield self._take(reading)
            return
        self._last = reading.stamp
        while reading.stamp >= self._due:
            before = self._before
            if before is not None and self._due - before.stamp <= reading.stamp - self._due:
                self._before = None
                if self._is_near(before):
                    yield self._take(before)
                    continue
            elif self._is_near(reading):
                self._before = None
                yield self._take(reading)
                return
            self._tick, self._due = self._tick + 1, self._due + self._period  # a missing tick
        self._before = reading

    def _is_near(self, reading: Joints) -> bool:
        assert self._due is not None
        return abs(reading.stamp - self._due) <= 0.5 * self._period

    def _take(self, reading: Joints) -> tuple[int, Joints]:
        assert self._due is not None
        taken = (self._tick, reading)
        self._tick += 1
        self._due += self._period + FOLLOW * (reading.stamp - self._due)
        self._last = max(self._last, reading.stamp)
        return taken
