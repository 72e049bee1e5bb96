"""Progress of long work: a plain line on stderr every few seconds, on a terminal and in a pipe alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from wmp_training.progress import PERIOD

Item = TypeVar("Item")


def episode_progress(
    what: str, episodes: int | None = None, period: float = PERIOD
) -> Callable[[float, int], None]:
    """Makes a function to call at every policy tick with the simulated time [s] and the running episodes."""
    throttle = _Throttle(period)
    of = "" if episodes is None else f" of {episodes}"

    def show(simulated: float, running: int) -> None:
        if throttle.due():
            _say(f"  {what}: {simulated:.1f} s simulated, {running}{of} episodes still running")

    return show


def shown(items: Iterable[Item], total: int, what: str, period: float = PERIOD) -> Iterator[Item]:
    """The ``items`` one by one, with lines like "60 of 200 pictures drawn"."""
    throttle = _Throttle(period)
    for done, item in enumerate(items, 1):
        if throttle.due():
            _say(f"  {done} of {total} {what}")
        yield item


class _Throttle:
    def __init__(self, period: float) -> None:
        self._period, self._next = period, time.monotonic() + period

    def due(self) -> bool:
        """Whether ``period`` s have passed since this was last true."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._period
        return True


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
