"""Stamps keep a system time to the nanosecond; no time is stamp 0."""

import math

import pytest
from builtin_interfaces.msg import Time

from wmp_ros.stamps import to_seconds, to_stamp


def test_a_time_survives_the_way_to_a_stamp_and_back():
    assert to_stamp(12.25) == Time(sec=12, nanosec=250_000_000)
    assert to_seconds(to_stamp(1.7e9 + 0.123456)) == pytest.approx(1.7e9 + 0.123456, abs=1e-6)


def test_a_fraction_that_rounds_up_carries_into_the_seconds():
    assert to_stamp(2.9999999999) == Time(sec=3, nanosec=0)


def test_nan_becomes_stamp_zero():
    assert to_stamp(math.nan) == Time()
