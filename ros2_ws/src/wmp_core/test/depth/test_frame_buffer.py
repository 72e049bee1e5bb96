import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.depth.frame_buffer import FrameBuffer


def image(value):
    return np.full((2, 2), value, dtype=np.float32)


def filled(*stamps, span=1.0):
    buffer = FrameBuffer(span)
    for stamp in stamps:
        buffer.add(stamp, image(stamp))
    return buffer


def test_an_empty_buffer_has_no_frame():
    buffer = FrameBuffer(0.5)
    assert buffer.newest_stamp is None
    assert buffer.nearest(0.0, math.inf) is None


def test_the_frame_nearest_in_time_is_found():
    buffer = filled(0.0, 0.25, 0.5)
    assert buffer.nearest(0.3, 0.1).stamp == 0.25
    assert buffer.nearest(0.4, 0.125).stamp == 0.5
    assert buffer.nearest(0.25, 0.0).image[0, 0] == 0.25


def test_of_two_equally_near_frames_the_older_is_returned():
    assert filled(0.25, 0.75).nearest(0.5, 0.25).stamp == 0.25


def test_a_frame_beyond_the_tolerance_is_none():
    buffer = filled(0.0, 0.5)
    assert buffer.nearest(0.75, 0.24) is None
    assert buffer.nearest(-0.25, 0.24) is None


def test_frames_older_than_the_span_are_dropped():
    buffer = filled(0.0, 0.5, 1.0, 1.25)
    assert len(buffer) == 3
    assert buffer.nearest(0.0, 0.1) is None


def test_a_late_frame_is_inserted_in_order():
    buffer = filled(0.0, 0.5, 0.25)
    assert buffer.newest_stamp == 0.5
    assert buffer.nearest(0.25, 0.0).image[0, 0] == 0.25


def test_a_repeated_stamp_replaces_its_frame():
    buffer = filled(0.0, 0.5)
    buffer.add(0.5, image(9.0))
    assert len(buffer) == 2
    assert buffer.nearest(0.5, 0.0).image[0, 0] == 9.0


def test_a_clock_that_jumps_back_clears_the_buffer():
    buffer = filled(100.0, 100.5)
    buffer.add(3.0, image(3.0))
    assert len(buffer) == 1
    assert buffer.newest_stamp == 3.0
    assert buffer.nearest(100.5, 1.0) is None


def test_the_capacity_limits_the_number_of_frames():
    buffer = FrameBuffer(10.0, capacity=4)
    for index in range(100):
        buffer.add(index * 1e-3, image(index))
    assert len(buffer) == 4
    assert buffer.nearest(0.0, 10.0).stamp == pytest.approx(0.096)


def test_clear_drops_every_frame():
    buffer = filled(0.0, 0.5)
    buffer.clear()
    assert len(buffer) == 0
    assert buffer.newest_stamp is None


@pytest.mark.parametrize("stamp", [math.nan, math.inf])
def test_a_stamp_that_is_not_finite_is_refused(stamp):
    with pytest.raises(ValueError, match="stamp"):
        FrameBuffer(1.0).add(stamp, image(0))


@pytest.mark.parametrize("arguments", [(0.0,), (-1.0,), (math.nan,), (1.0, 0)])
def test_a_buffer_without_room_is_refused(arguments):
    with pytest.raises(ValueError, match="frame buffer"):
        FrameBuffer(*arguments)


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(0, 300), st.integers(0, 40))
def test_it_behaves_like_an_exhaustive_search(stamps, wanted, tolerance):
    """Against a dictionary by stamp, cut to the span and searched end to end. Times in 1/128 s (exact)."""
    buffer, model = FrameBuffer(0.5), {}
    for order, stamp in enumerate(stamps):
        buffer.add(stamp / 128, image(order))
        if model and stamp < max(model) - 64:
            model = {}
        model[stamp] = order
        model = {held: value for held, value in model.items() if held >= max(model) - 64}
    assert len(buffer) == len(model)
    assert buffer.newest_stamp == (max(model) / 128 if model else None)
    found = buffer.nearest(wanted / 128, (tolerance + 0.5) / 128)
    distances = {held: abs(held - wanted) for held in model if abs(held - wanted) <= tolerance}
    if not distances:
        assert found is None
    else:
        stamp = round(found.stamp * 128)
        assert distances[stamp] == min(distances.values())
        assert found.image[0, 0] == model[stamp]
