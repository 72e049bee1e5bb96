import math

import pytest

from wmp_sim.terrain import Terrain
from wmp_sim.terrain.geometry import Boxes
from wmp_sim.terrain.track import ACROSS, PIT_FLOOR, ground
from wmp_training.evaluation.obedience import leap_zones, leaps, obeys_speed
from wmp_training.evaluation.trial import Trial

FLAT = Trial("flat", 0.5, 0).track()
#: A box of 1.1 m to climb, a step of 0.3 m, and a bar that hangs 0.3 m above the ground.
BOXES = ((1.0, 2.1), ACROSS, (0.0, 0.5)), ((3.0, 3.3), ACROSS, (0.0, 0.1)), ((4.0, 5.2), ACROSS, (0.3, 0.5))


def test_gaps_and_boxes_to_climb_are_leaps_and_steps_and_bars_are_not():
    gap = Boxes.spanning(ground(-2.0, 5.8), ground(6.7, 9.0))
    assert leaps(Terrain("gap", 0.9, gap, None, PIT_FLOOR, (0, 0, 0), 6.7)) == [pytest.approx((5.8, 6.7))]
    course = Terrain("course", 0.5, Boxes.spanning(*BOXES), None, 0.0, (0, 0, 0), 8.0)
    assert leaps(course) == [pytest.approx((1.0, 2.1))]
    assert (
        leaps(FLAT) == leaps(Trial("stairs_up", 0.5, 0).track()) == leaps(Trial("tilt", 0.5, 0).track()) == []
    )
    assert len(leaps(Trial("climb", 0.5, 0).track())) == 2


def test_zones_reach_half_a_metre_beyond_the_leap():
    course = Terrain("course", 0.5, Boxes.spanning(*BOXES), None, 0.0, (0, 0, 0), 8.0)
    zones = leap_zones([FLAT, course])
    assert zones[0].tolist() == [[math.inf, math.inf]]
    assert zones[1].flatten().tolist() == pytest.approx([0.5, 2.6])


@pytest.mark.parametrize(
    ("speed", "has_leaps", "obeys"),
    [
        (0.74, False, True),
        (0.76, False, False),
        (0.44, False, False),
        (0.99, True, True),
        (1.01, True, False),
        (0.30, True, True),
        (math.nan, False, True),
    ],
)
def test_the_mean_speed_is_near_the_command_and_may_exceed_it_among_leaps(speed, has_leaps, obeys):
    assert obeys_speed(speed, 0.6, has_leaps) is obeys
