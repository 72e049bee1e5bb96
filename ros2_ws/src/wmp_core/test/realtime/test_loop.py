"""The loop with a simulated clock, which advances only while the loop sleeps or works."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.realtime.loop import PeriodicLoop

MS = 1_000_000


class Clock:
    def __init__(self, wake_delay=0):
        self.now, self.wake_delay = 1_000_000_000, wake_delay

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += round(seconds * 1e9) + self.wake_delay


def run(work, wake_delay=0, period=0.002):
    """Run one cycle per entry of ``work`` (ms); returns the loop and each cycle's (start in ms, periods)."""
    clock = Clock(wake_delay)
    loop = PeriodicLoop(period, clock=clock, sleep=clock.sleep)
    began, seen = clock.now, []
    for duration, periods in zip(work, loop.ticks()):
        seen.append(((clock.now - began) / MS, periods))
        clock.now += round(duration * MS)
    return loop, seen


def test_deadlines_are_absolute():
    _, seen = run([0.5, 1.9, 0.1, 1.0])
    assert seen == [(0, 1), (2, 1), (4, 1), (6, 1)]


def test_late_wake_ups_do_not_add_up():
    loop, seen = run([0.5] * 1000, wake_delay=100_000)
    assert seen[-1] == (pytest.approx(999 * 2 + 0.1), 1)
    assert loop.statistics.skipped == 0
    assert loop.statistics.lateness.max == pytest.approx(1e-4)


def test_a_cycle_that_overruns_a_little_delays_only_the_next_start():
    loop, seen = run([0.1, 2.5, 0.1, 0.1])
    assert seen == [(0, 1), (2, 1), (4.5, 1), (6, 1)]
    assert (loop.statistics.overruns, loop.statistics.skipped) == (1, 0)


def test_missed_deadlines_are_skipped_and_counted_without_a_burst():
    loop, seen = run([0.1, 7.0, 0.1, 0.1])
    # From 2 to 9 ms: the deadlines at 4 and 6 are skipped, that of 8 runs at once, then the grid continues.
    assert seen == [(0, 1), (2, 1), (9, 3), (10, 1)]
    assert (loop.statistics.overruns, loop.statistics.skipped) == (1, 2)


def test_slip_is_the_time_of_the_skipped_cycles():
    loop, _ = run([0.1] * 10 + [5.0] + [0.1] * 89)
    statistics = loop.statistics
    # One overrun of 5 ms skips the deadline after it; 100 cycles start within 200 ms instead of 198.
    assert (statistics.cycles, statistics.skipped) == (100, 1)
    assert statistics.elapsed == pytest.approx(0.2)
    assert statistics.slip == pytest.approx(0.002)
    assert statistics.rate_error == pytest.approx(0.01)


@given(st.lists(st.floats(0, 12), min_size=1, max_size=60))
def test_periods_account_for_all_time_and_no_cycle_starts_before_its_deadline(work):
    loop, seen = run(work)
    deadline = -2
    for start, periods in seen:
        deadline += 2 * periods
        assert deadline <= start + 1e-6 and start < deadline + 2 + 1e-6
    assert len(seen) + loop.statistics.skipped == sum(periods for _, periods in seen)


def test_busy_time_is_recorded():
    loop, _ = run([0.5, 1.5, 0])
    assert loop.statistics.busy.max == pytest.approx(0.0015)


def test_the_real_clock_never_wakes_before_the_deadline():
    loop = PeriodicLoop(0.002, spin=0.0005)
    starts = [time.monotonic_ns() for _, _ in zip(range(20), loop.ticks())]
    assert all(start - starts[0] > i * 2 * MS - MS // 2 for i, start in enumerate(starts))


def test_a_stop_event_ends_the_loop():
    stop, calls = threading.Event(), []

    def step(periods):
        calls.append(periods)
        if len(calls) == 5:
            stop.set()

    PeriodicLoop(0.001).run(step, stop)
    assert len(calls) == 5


@pytest.mark.parametrize(("period", "spin"), [(0.0, 0.0), (-1.0, 0.0), (0.002, 0.002), (float("nan"), 0.0)])
def test_settings_out_of_range_are_refused(period, spin):
    with pytest.raises(ValueError, match="allowed"):
        PeriodicLoop(period, spin)
