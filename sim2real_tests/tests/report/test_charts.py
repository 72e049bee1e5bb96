"""Charts are drawn within their area."""

import re

import numpy as np
import pytest

from wmp_replay.report.charts import histogram
from wmp_replay.report.svg import Chart


@pytest.mark.parametrize("mark", [-4.0, 0.5, 3.0])
def test_the_bar_of_a_histogram_is_drawn_within_the_chart_wherever_the_values_lie(mark):
    drawn = histogram(np.linspace(0.0, 1.0, 50), "distances", "m", mark)
    (left,) = re.findall(r'class="alarm" x="([-0-9.]+)"', drawn)
    assert Chart.LEFT <= float(left) <= 360 - Chart.RIGHT
