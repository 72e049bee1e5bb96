"""Conversion between message stamps and seconds."""

from __future__ import annotations

import math

from builtin_interfaces.msg import Time


def to_seconds(stamp: Time) -> float:
    """A stamp in s. A float64 resolves present system time to less than 1 microsecond."""
    return float(stamp.sec) + 1e-9 * stamp.nanosec


def to_stamp(seconds: float) -> Time:
    """Seconds as a stamp; NaN (no time) becomes 0."""
    if math.isnan(seconds):
        return Time()
    sec, nanosec = divmod(round(seconds * 1e9), 1_000_000_000)
    return Time(sec=sec, nanosec=nanosec)
