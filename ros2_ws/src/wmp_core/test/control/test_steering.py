import math

import pytest

from wmp_core.control.steering import turning_back


@pytest.mark.parametrize(
    ("yaw", "course", "rate"),
    [
        (0.2, 0.0, -0.1),
        (0.0, 0.2, 0.1),
        (3.0, -3.0, 0.5 * (2 * math.pi - 6.0)),
        (2 * math.pi + 0.2, 0.0, -0.1),
    ],
)
def test_a_robot_turns_the_short_way_back_to_its_course(yaw, course, rate):
    assert turning_back(yaw, course, 0.5) == pytest.approx(rate)
