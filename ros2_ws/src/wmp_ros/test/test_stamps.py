"""Stamps keep nanoseconds, and carry into the next second."""

import math

import pytest
from builtin_interfaces.msg import Time

from wmp_ros.stamps import to_seconds, to_stamp


@pytest.mark.parametrize(
    ("seconds", "stamp"),
    [
        (0.0, Time()),
        (1.25, Time(sec=1, nanosec=250_000_000)),
        (1.9999999999, Time(sec=2, nanosec=0)),
        (1_700_000_000.5, Time(sec=1_700_000_000, nanosec=500_000_000)),
        (math.nan, Time()),
    ],
)
def test_seconds_become_a_stamp_rounded_to_nanoseconds(seconds, stamp):
    assert to_stamp(seconds) == stamp


@pytest.mark.parametrize("seconds", [0.0, 1.25, 1_700_000_000.5])
def test_a_stamp_gives_back_its_seconds(seconds):
    assert to_seconds(to_stamp(seconds)) == seconds
