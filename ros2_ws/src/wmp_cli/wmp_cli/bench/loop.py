"""How well a periodic loop keeps its rate: ours beside the two idioms that are common in controllers.

Every loop does the same work per cycle, and all are judged by the same ruler: when their cycles began.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from wmp_core.realtime.loop import PeriodicLoop

#: Work per cycle as a share of the period: a policy takes 0.4 ms of 20, a cycle of the control loop 0.2 of 2.
WORK_SHARE = 0.1

#: Share of a period by which a cycle may begin early and still be that period's: the first one, from which
#: periods count, may itself have begun a little late.
EARLY_SHARE = 0.05

#: Called at the start of a cycle with the periods since the one before; returns whether to go on.
Step = Callable[[int], bool]


@dataclass(frozen=True)
class LoopFigures:
    """How one loop did.

    Attributes:
        cycles: how often it ran.
        rate_hz: cycles per s.
        p50_ms, p99_ms, p99_9_ms, max_ms: of the period error, ``|time between two cycles - period|``.
        slip_ms: how much later than asked the last cycle began, counted in periods from the first. A loop
            that leaves out a period and says so does not slip by it; it misses it.
        misses: periods in which no cycle began.
    """

    cycles: int
    rate_hz: float
    p50_ms: float
    p99_ms: float
    p99_9_ms: float
    max_ms: float
    slip_ms: float
    misses: int


def figures(starts_ns: np.ndarray, period: float, left_out: int = 0) -> LoopFigures:
    """Judge the times ``starts_ns [cycles]`` (ns) at which cycles began, ``period`` s apart as asked.

    ``left_out``: periods that the loop itself says it has skipped.
    """
    starts = (starts_ns - starts_ns[0]) * 1e-9
    error = np.abs(np.diff(starts) - period) * 1e3
    p50, p99, p99_9 = np.percentile(error, (50.0, 99.0, 99.9))
    late = starts[-1] - (len(starts) - 1 + left_out) * period
    slots = np.floor(starts / period + EARLY_SHARE)
    return LoopFigures(
        cycles=len(starts),
        rate_hz=(len(starts) - 1) / starts[-1],
        p50_ms=float(p50),
        p99_ms=float(p99),
        p99_9_ms=float(p99_9),
        max_ms=float(error.max()),
        slip_ms=float(late * 1e3),
        misses=int(slots[-1]) + 1 - len(np.unique(slots)),
    )


def absolute_deadlines(period: float, step: Step) -> None:
    """Ours: :class:`wmp_core.realtime.loop.PeriodicLoop`."""
    for periods in PeriodicLoop(period).ticks():
        if not step(periods):
            return


def sleep_after_work(period: float, step: Step) -> None:
    """``work(); sleep(dt)``: every cycle is longer by its work and by how late it was woken."""
    while step(1):
        time.sleep(period)


def sleep_the_rest(period: float, step: Step) -> None:
    """``work(); sleep(dt - elapsed)``: every cycle is longer by how late it was woken."""
    while True:
        began = time.perf_counter()
        if not step(1):
            return
        time.sleep(max(0.0, period - (time.perf_counter() - began)))


#: Name in the report -> the loop.
LOOPS: dict[str, Callable[[float, Step], None]] = {
    "absolute deadlines (ours)": absolute_deadlines,
    "sleep(dt) after work": sleep_after_work,
    "sleep(dt - elapsed)": sleep_the_rest,
}


def measure(loop: Callable[[float, Step], None], rate: float, seconds: float) -> LoopFigures:
    """Run ``loop`` at ``rate`` Hz for ``seconds`` s of work and judge it.

    Raises:
        ValueError: too short for two cycles.
    """
    period = 1.0 / rate
    if seconds < 2 * period:
        raise ValueError(f"{seconds} s at {rate:g} Hz: expected at least two cycles")
    starts: list[int] = []
    left_out = 0
    end = time.monotonic_ns() + round(seconds * 1e9)

    def step(periods: int) -> bool:
        nonlocal left_out
        left_out += periods - 1
        starts.append(time.monotonic_ns())
        _work(starts[-1] + round(WORK_SHARE * period * 1e9))
        return starts[-1] < end

    loop(period, step)
    return figures(np.array(starts), period, left_out)


@contextmanager
def load(processes: int | None = None) -> Iterator[None]:
    """Keep every core that this process may use busy with other processes."""
    count = len(os.sched_getaffinity(0)) if processes is None else processes
    context = multiprocessing.get_context("spawn")
    hogs = [context.Process(target=_burn, daemon=True) for _ in range(count)]
    for hog in hogs:
        hog.start()
    try:
        time.sleep(1.0)  # until they are at it
        yield
    finally:
        for hog in hogs:
            hog.terminate()
            hog.join()


def _work(until_ns: int) -> None:
    while time.monotonic_ns() < until_ns:
        pass


def _burn() -> None:
    """Until terminated, or its parent has been killed."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        _work(time.monotonic_ns() + 100_000_000)
