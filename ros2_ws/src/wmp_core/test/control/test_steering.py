import math

import pytest

from wmp_core.control.steering import heading_hold_yaw_rate


@pytest.mark.parametrize(
    ("yaw", "heading", "rate"),
    [
        (0.2, 0.0, -0.1),
        (0.0, 0.2, 0.1),
        (3.0, -3.0, 0.5 * (2 * math.pi - 6.0)),
        (2 * math.pi + 0.2, 0.0, -0.1),
    ],
)
def test_a_robot_turns_the_short_way_back_to_its_heading(yaw, heading, rate):
    assert heading_hold_yaw_rate(yaw, heading, 0.5) == pytest.approx(rate)
