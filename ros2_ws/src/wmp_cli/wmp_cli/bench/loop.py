"""How well periodic loops keep their rate: absolute deadlines, and two idioms that controllers often use.

Every loop does the same work per cycle and is measured by the times at which its cycles begin.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wmp_cli.bench.load import spin_until
from wmp_core.realtime.loop import PeriodicLoop

#: Work per cycle as a share of the period: a policy step takes 0.4 of 20 ms, a control cycle 0.2 of 2 ms.
WORK_SHARE = 0.1

#: Share of a period by which a cycle may begin early and still count for that period: the first cycle, from
#: which periods are counted, may itself have begun late.
EARLY_SHARE = 0.05

#: Called at the start of a cycle with the periods since the previous one; returns whether to continue.
Step = Callable[[int], bool]


@dataclass(frozen=True)
class LoopFigures:
    """Figures of one loop.

    Attributes:
        cycles: number of cycles.
        rate_hz: cycles per s.
        p50_ms, p99_ms, p99_9_ms, max_ms: period error, ``|time between two cycles - period|``.
        slip_ms: delay of the last cycle's start, counted in periods from the first. A period that the loop
            reports as skipped is a miss and adds no slip.
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


def figures(starts_ns: np.ndarray, period: float, skipped: int = 0) -> LoopFigures:
    """Figures of a loop whose cycles began at ``starts_ns [cycles]`` (ns) and should be ``period`` s apart.

    ``skipped``: periods that the loop itself reports as skipped.
    """
    starts = (starts_ns - starts_ns[0]) * 1e-9
    error = np.abs(np.diff(starts) - period) * 1e3
    p50, p99, p99_9 = np.percentile(error, (50.0, 99.0, 99.9))
    late = starts[-1] - (len(starts) - 1 + skipped) * period
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
    """``work(); sleep(dt)``: every period grows by the work and by the wake-up latency."""
    while step(1):
        time.sleep(period)


def sleep_the_rest(period: float, step: Step) -> None:
    """``work(); sleep(dt - elapsed)``: every period grows by the wake-up latency."""
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
    """Run ``loop`` at ``rate`` Hz for ``seconds`` s and return its figures.

    Raises:
        ValueError: ``seconds`` are too few for two cycles.
    """
    period = 1.0 / rate
    if seconds < 2 * period:
        raise ValueError(f"{seconds} s at {rate:g} Hz: expected at least two cycles")
    starts: list[int] = []
    skipped = 0
    end = time.monotonic_ns() + round(seconds * 1e9)

    def step(periods: int) -> bool:
        nonlocal skipped
        skipped += periods - 1
        starts.append(time.monotonic_ns())
        spin_until(starts[-1] + round(WORK_SHARE * period * 1e9))
        return starts[-1] < end

    loop(period, step)
    return figures(np.array(starts), period, skipped)
