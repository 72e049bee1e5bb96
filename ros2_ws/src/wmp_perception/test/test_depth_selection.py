"""Frames are selected by their stamps, in any order of arrival."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.contract import TimingContract
from wmp_perception.depth_selection import DepthSelection, SelectedFrame

TIMING = TimingContract(control_period=0.02, world_model_interval=5, depth_age=0.1)
TOLERANCE = 0.04


def selection() -> DepthSelection:
    return DepthSelection(TIMING, TOLERANCE)


def test_the_frame_closest_to_one_interval_ago_is_selected():
    selector = selection()
    for stamp in (0.867, 0.900, 0.933):
        assert selector.on_frame(stamp, f"frame at {stamp}") == []
    (frame,) = selector.on_step(0, 1.01)  # target time 0.91: 0.900 is 10 ms away, 0.933 23 ms
    assert (frame.tick, frame.frame) == (0, "frame at 0.9")
    assert frame.age_error == pytest.approx(-0.01)


def test_only_world_model_ticks_get_a_frame():
    selector = selection()
    selector.on_frame(0.9, "a")
    assert [len(selector.on_step(tick, 1.0)) for tick in range(6)] == [1, 0, 0, 0, 0, 1]


def test_a_step_waits_until_no_later_frame_can_be_closer():
    selector = selection()
    selector.on_frame(0.89, "before")
    assert selector.on_step(0, 1.0) == []
    (frame,) = selector.on_frame(0.905, "after")
    assert frame.frame == "after"


def test_a_tick_without_a_frame_within_the_tolerance_is_reported_and_counted():
    selector = selection()
    selector.on_frame(0.85, "too early")
    selector.on_frame(0.95, "too late")
    assert selector.on_step(0, 1.0) == [SelectedFrame(0, 0.9, None, 0.0)]
    assert selector.missed == 1


def test_ticks_beyond_the_queue_are_counted_when_the_camera_stops():
    selector = selection()
    for tick in range(0, 5 * 10, 5):
        assert selector.on_step(tick, 1.0 + 0.02 * tick) == []
    assert selector.missed == 2  # of ten ticks, eight are still pending


def test_a_missing_frame_after_the_target_time_decides_the_tick():
    selector = selection()
    selector.on_frame(0.85, "too early")
    assert selector.on_step(0, 1.0) == selector.on_missing_frame(0.89) == []
    assert selector.on_missing_frame(0.91) == [SelectedFrame(0, 0.9, None, 0.0)]


def test_a_new_run_drops_the_pending_ticks_of_the_last():
    selector = selection()
    selector.on_step(5, 1.0)
    selector.on_step(0, 3.0, is_first=True)
    assert selector.on_frame(0.95, "old") == []
    assert [f.tick for f in selector.on_frame(2.9, "new")] == [0]


def test_frames_are_dropped_when_the_camera_clock_jumps_back():
    selector = selection()
    selector.on_frame(100.0, "before the jump")
    selector.on_frame(0.9, "after the jump")
    assert [f.frame for f in selector.on_step(0, 1.0)] == ["after the jump"]


@pytest.mark.parametrize("tolerance", [0.0, -0.01, 0.05, float("nan")])
def test_a_tolerance_that_lets_two_ticks_share_a_frame_is_refused(tolerance):
    with pytest.raises(ValueError, match="depth tolerance"):
        DepthSelection(TIMING, tolerance)


@st.composite
def arrivals(draw):
    """Camera stamps with jitter and drops, and steps and frames interleaved, each in its own order."""
    period = 1 / 30
    offset = draw(st.floats(0, period))
    kept = draw(st.lists(st.sampled_from([True, True, True, False]), min_size=20, max_size=20))
    jitter = draw(st.lists(st.floats(-0.01, 0.01), min_size=20, max_size=20))
    frames = [9.6 + offset + i * period + jitter[i] for i in range(20) if kept[i]]
    steps = [(tick, 10.0 + 0.02 * tick) for tick in range(16)]
    order = draw(st.permutations(["step"] * len(steps) + ["frame"] * len(frames)))
    return steps, frames, order


@given(arrivals())
def test_the_order_of_arrival_does_not_change_the_selection(case):
    steps, frames, order = case

    def run(kinds):
        selector, result = selection(), []
        waiting = {"step": iter(steps), "frame": iter(frames)}
        for kind in kinds:
            if kind == "step":
                result += selector.on_step(*next(waiting["step"]))
            else:
                stamp = next(waiting["frame"])
                result += selector.on_frame(stamp, stamp)
        return [(f.tick, f.frame) for f in result if f.frame is not None]

    reference = []
    for tick, stamp in steps[::5]:
        target = stamp - 0.1
        nearest = min(frames, key=lambda frame: abs(frame - target), default=None)
        if frames and max(frames) >= target and abs(nearest - target) <= TOLERANCE:
            reference.append((tick, nearest))
    assert run(order) == reference
