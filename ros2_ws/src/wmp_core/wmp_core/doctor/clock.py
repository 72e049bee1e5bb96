"""Can stamps be trusted: does the clock know the time, and is it set back by nobody?"""

from __future__ import annotations

import ctypes
import datetime
import time
from typing import Callable

from wmp_core.doctor.check import Check, failed, passed, warned

# Before anyone ran this: a computer without a battery-backed clock starts in 1970.
_EARLIEST = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
_UNSYNCHRONISED = 5
_REMEDY = "sudo timedatectl set-ntp true   (or, without a network, sudo date -s ...)"


def kernel_is_synchronised() -> bool:
    """Whether something disciplines the kernel's clock (adjtimex, read only)."""
    timex = ctypes.create_string_buffer(512)  # struct timex with room to spare; modes = 0 changes nothing
    return ctypes.CDLL(None).adjtimex(timex) not in (-1, _UNSYNCHRONISED)


def check_clock(
    now: Callable[[], float] = time.time, is_synchronised: Callable[[], bool] = kernel_is_synchronised
) -> Check:
    """System time: plausible, and kept by a time service."""
    date = datetime.datetime.fromtimestamp(now(), datetime.timezone.utc).isoformat(timespec="seconds")
    if now() < _EARLIEST:
        return failed("clock", f"{date}: the clock has not been set", _REMEDY)
    if not is_synchronised():
        return warned(
            "clock", f"{date}, kept by no time service: bags of two computers will not fit", _REMEDY
        )
    return passed("clock", f"{date}, synchronised")
