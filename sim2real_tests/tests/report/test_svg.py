"""Elements of charts, against positions worked out by hand."""

from xml.etree import ElementTree

import numpy as np
import pytest

from wmp_replay.report.svg import MAX_POINTS, Chart, Range, spanning, thinned, ticks


def test_ticks_are_round_numbers_within_the_range():
    assert ticks(Range(0.0, 1.0)) == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert ticks(Range(-3.0, 17.0)) == pytest.approx([0.0, 5.0, 10.0, 15.0])
    assert ticks(Range(0.0012, 0.0019)) == pytest.approx([0.0012, 0.0014, 0.0016, 0.0018])


def test_a_line_goes_from_corner_to_corner_of_the_box_and_breaks_at_nan():
    chart = Chart(Range(0, 3), Range(0, 1), "test", width=156, height=142)  # 100 x 100 inside
    chart.line(np.arange(4.0), np.array([0.0, np.nan, 0.5, 1.0]), "model")
    path = ElementTree.fromstring(chart.svg()).find("path[@class='line model']").get("d")
    assert path == "M46.0 108.0M112.7 58.0L146.0 8.0"


def test_equal_values_still_span_a_range():
    shown = spanning(np.full(5, 2.0))
    assert shown.low < 2.0 < shown.high
    assert spanning(np.array([np.nan])) == spanning()


def test_a_long_line_keeps_its_peaks():
    y = np.zeros(100_000)
    y[43_210] = 7.0
    x, kept = thinned(np.arange(100_000.0), y)
    assert len(x) <= MAX_POINTS
    assert kept.max() == 7.0


def test_text_from_outside_cannot_become_markup():
    chart = Chart(Range(0, 1), Range(0, 1), "<script>", "<b>")
    ElementTree.fromstring(chart.svg())
    assert "<script>" not in chart.svg()
