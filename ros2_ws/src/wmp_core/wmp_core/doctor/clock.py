"""Check of the system clock, on which all stamps depend."""

from __future__ import annotations

import ctypes
import datetime
import time
from typing import Callable

from wmp_core.doctor.check import Check, failed, passed, warned

# Older than this software: a computer without a battery-backed clock starts in 1970.
_EARLIEST = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
_UNSYNCHRONISED = 5
_REMEDY = "sudo timedatectl set-ntp true   (or, without a network, sudo date -s ...)"


def kernel_is_synchronised() -> bool:
    """Whether a time service synchronises the kernel's clock (adjtimex, read only)."""
    timex = ctypes.create_string_buffer(512)  # struct timex with room to spare; modes = 0 changes nothing
    return ctypes.CDLL(None).adjtimex(timex) not in (-1, _UNSYNCHRONISED)


def check_clock(
    now: Callable[[], float] = time.time, is_synchronised: Callable[[], bool] = kernel_is_synchronised
) -> Check:
    """Check that the system time is plausible and synchronised by a time service."""
    date = datetime.datetime.fromtimestamp(now(), datetime.timezone.utc).isoformat(timespec="seconds")
    if now() < _EARLIEST:
        return failed("clock", f"{date}: the clock has not been set", _REMEDY)
    if not is_synchronised():
        return warned("clock", f"{date}, not synchronised: bags of two computers will not match", _REMEDY)
    return passed("clock", f"{date}, synchronised")
