"""Timing statistics in constant memory."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import Callable, Dict, List

_SHORTEST = 1e-7
_BINS_PER_DECADE = 50
_DECADES = 9
_RATIO = 10 ** (1 / _BINS_PER_DECADE)


@dataclass(frozen=True)
class TimingSummary:
    """Durations in s; all zero while ``count`` is 0."""

    count: int
    mean: float
    p50: float
    p99: float
    p99_9: float
    max: float


class TimingHistogram:
    """Counts durations in logarithmic bins from 0.1 us to 100 s.

    A percentile is the upper edge of its bin: never too low and at most 4.7 % too high. Count, mean and
    maximum are exact. One thread records; any thread may read.
    """

    def __init__(self) -> None:
        self._bins: List[int] = [0] * (_BINS_PER_DECADE * _DECADES + 1)
        self.count = 0
        self.total = 0.0
        self.max = 0.0

    def record(self, seconds: float) -> None:
        """Count one duration; one beyond the bins counts in the outermost bin."""
        index = 0
        if seconds > _SHORTEST:
            index = min(math.ceil(math.log10(seconds / _SHORTEST) * _BINS_PER_DECADE), len(self._bins) - 1)
        self._bins[index] += 1
        self.count += 1
        self.total += seconds
        self.max = max(self.max, seconds)

    def percentile(self, fraction: float) -> float:
        """Duration in s that a share ``fraction`` (0..1) of all does not exceed; 0 if there are none."""
        return self._percentiles(fraction)[0]

    def summary(self) -> TimingSummary:
        p50, p99, p99_9 = self._percentiles(0.5, 0.99, 0.999)
        return TimingSummary(
            count=self.count,
            mean=self.total / self.count if self.count else 0.0,
            p50=p50,
            p99=p99,
            p99_9=p99_9,
            max=self.max,
        )

    def _percentiles(self, *fractions: float) -> List[float]:
        """Without a Python loop: the control thread may be waiting for the interpreter."""
        up_to = list(accumulate(self._bins))
        if up_to[-1] == 0:
            return [0.0] * len(fractions)
        ranks = [max(math.ceil(fraction * up_to[-1]), 1) for fraction in fractions]
        return [min(_SHORTEST * _RATIO ** bisect_left(up_to, rank), self.max) for rank in ranks]


class StageTimer:
    """One histogram per named stage of a cycle::

    with timer.stage("policy"):
        ...
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._stages: Dict[str, _Stage] = {}

    def stage(self, name: str) -> _Stage:
        """Context manager that times its block; stages of one name must not nest."""
        if name not in self._stages:
            self._stages[name] = _Stage(self._clock)
        return self._stages[name]

    def record(self, name: str, seconds: float) -> None:
        """Add a duration measured elsewhere."""
        self.stage(name).histogram.record(seconds)

    def summaries(self) -> Dict[str, TimingSummary]:
        """Summary per stage, in the order of their first use."""
        return {name: stage.histogram.summary() for name, stage in list(self._stages.items())}


class _Stage:
    def __init__(self, clock: Callable[[], float]) -> None:
        self.histogram = TimingHistogram()
        self._clock = clock
        self._start = 0.0

    def __enter__(self) -> None:
        self._start = self._clock()

    def __exit__(self, *_: object) -> None:
        self.histogram.record(self._clock() - self._start)
