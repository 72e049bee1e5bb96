import dataclasses
import json
import math

import pytest

from wmp_training.evaluation.gait import Gait
from wmp_training.evaluation.gait_summary import (
    GaitSummary,
    gait_table,
    missed_bars,
    parse_gait,
    summarise_gaits,
)

NAN = math.nan
GOOD = Gait((0.05, 0.05, 0.04, 0.06), (0.5,) * 4, 0.02, math.radians(1.0), math.radians(1.9), 0.05, 0.1)


def summary(speed=0.55, arrived=1.0, cost=0.8, **changes):
    return GaitSummary(speed, 5, arrived, cost, dataclasses.replace(GOOD, **changes))


def test_a_good_gait_misses_no_bar():
    assert missed_bars(summary()) == []


@pytest.mark.parametrize(
    ("changes", "bar"),
    [
        ({"clearance": (0.05, 0.039, 0.05, 0.05)}, "lowest clearance >= 40 mm"),
        ({"clearance": (0.05, NAN, 0.05, 0.05)}, "lowest clearance >= 40 mm"),
        ({"asymmetry": 0.11}, "asymmetry <= 10 %"),
        ({"roll": math.radians(2.1)}, "roll <= 2 deg"),
        ({"pitch": math.radians(2.1)}, "pitch <= 2 deg"),
        ({"slip": 0.11}, "slip <= 0.1 m/s"),
        ({"drift": 0.31}, "drift <= 0.3 m"),
        ({"cost": 1.01}, "cost of transport <= 1"),
        ({"arrived": 0.8}, "arrived >= 100 %"),
    ],
)
def test_a_bar_that_is_missed_is_named(changes, bar):
    assert [str(missed) for missed in missed_bars(summary(**changes))] == [bar]


def test_a_standing_robot_is_level_and_does_not_creep():
    still = {"clearance": (NAN,) * 4, "asymmetry": NAN, "cost": NAN}
    assert missed_bars(summary(speed=0.0, drift=0.04, **still)) == []
    assert [str(bar) for bar in missed_bars(summary(speed=0.0, **still))] == ["drift <= 0.05 m"]


def test_a_summary_has_means_of_what_exists_and_the_largest_drift():
    other = dataclasses.replace(GOOD, clearance=(0.07, NAN, 0.04, 0.06), slip=0.15, drift=0.3)
    gait = summarise_gaits([GOOD, other])
    assert gait.clearance == pytest.approx((0.06, 0.05, 0.04, 0.06))
    assert gait.slip == pytest.approx(0.1) and gait.drift == 0.3


def test_the_table_shows_every_speed_in_the_usual_units():
    lines = gait_table([summary(), summary(roll=math.radians(8.0), cost=NAN)]).splitlines()
    feet = "50, 50, 40, 60 | 0.50, 0.50, 0.50, 0.50"
    expected = f"| 0.55 | 100% | {feet} | 1.0, 1.9 | 0.05 | 0.80 | 0.10 | none of 8 |"
    assert lines[2] == expected
    assert lines[3].endswith("| - | 0.10 | roll <= 2 deg, cost of transport <= 1 |")


def test_a_summary_survives_json():
    before = summary(clearance=(NAN, 0.05, 0.04, 0.06), cost=NAN)
    data = dataclasses.asdict(before)
    data["cost_of_transport"], data["gait"]["clearance"] = None, (None, 0.05, 0.04, 0.06)
    assert str(parse_gait(json.loads(json.dumps(data)))) == str(before)
