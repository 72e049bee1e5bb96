import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.realtime.timing import StageTimer, TimingHistogram, TimingSummary


def test_an_empty_histogram_reads_zero():
    assert TimingHistogram().summary() == TimingSummary(0, 0, 0, 0, 0, 0)


def test_summary_of_hand_made_durations():
    histogram = TimingHistogram()
    for _ in range(990):
        histogram.record(1e-3)
    for _ in range(10):
        histogram.record(5e-3)
    summary = histogram.summary()
    assert (summary.count, summary.max) == (1000, 5e-3)
    assert summary.mean == pytest.approx(1.04e-3)
    # 99.0 % are 1 ms, so only the 99.9 % quantile includes the slow ones.
    assert summary.p50 == summary.p99 == pytest.approx(1e-3, rel=0.048)
    assert summary.p99_9 == pytest.approx(5e-3, rel=0.048)


@given(st.lists(st.floats(1e-6, 50), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_percentiles_are_never_too_low_and_at_most_one_bin_too_high(durations, fraction):
    histogram = TimingHistogram()
    for duration in durations:
        histogram.record(duration)
    exact = np.sort(durations)[int(np.ceil(fraction * len(durations))) - 1]
    assert exact * (1 - 1e-9) <= histogram.percentile(fraction) <= exact * 1.048


@pytest.mark.parametrize("duration", [-1e-3, 0.0, 1e-9, 1e6])
def test_durations_beyond_the_bins_are_counted_and_the_maximum_is_exact(duration):
    histogram = TimingHistogram()
    histogram.record(duration)
    assert histogram.count == 1 and histogram.max == max(duration, 0.0)
    assert histogram.percentile(0.5) <= histogram.max


def test_stages_are_timed_separately():
    times = iter([0.0, 0.25, 1.0, 3.0, 10.0, 10.75])
    timer = StageTimer(clock=lambda: next(times))
    for name in ("receive", "policy", "receive"):
        with timer.stage(name):
            pass
    timer.record("send", 0.125)
    summaries = timer.summaries()
    assert list(summaries) == ["receive", "policy", "send"]
    assert (summaries["receive"].count, summaries["receive"].mean, summaries["receive"].max) == (2, 0.5, 0.75)
    assert summaries["policy"].max == 2.0 and summaries["send"].max == 0.125


def test_a_stage_that_raises_is_timed_too():
    timer = StageTimer()
    with pytest.raises(KeyError), timer.stage("policy"):
        raise KeyError
    assert timer.summaries()["policy"].count == 1
