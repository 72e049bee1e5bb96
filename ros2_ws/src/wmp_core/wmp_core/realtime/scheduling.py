"""Real-time settings of the operating system; a measure that fails becomes a warning with its remedy."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import math
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Optional, Tuple

_LOG = logging.getLogger(__name__)
_MCL_CURRENT, _MCL_FUTURE = 1, 2
_LIMITS = "in /etc/security/limits.d/"

#: Switch interval for a process with deadlines [s]. With Python's default of 5 ms another thread may delay
#: the control thread by 2.5 cycles; with a fifth of this value, policy steps on a loaded machine became
#: slower again.
SWITCH_INTERVAL = 1e-4


@dataclass(frozen=True)
class RealtimeSettings:
    """Measures for the thread that calls :func:`apply`. The default only freezes the garbage collector.

    Attributes:
        priority: SCHED_FIFO priority 1..99; 0 keeps the ordinary scheduler.
        cpus: CPUs that the thread may run on; empty for all.
        lock_memory: keep the process in memory (mlockall).
        freeze_gc: collect garbage once and exclude the survivors from later collections (whole process).
        switch_interval: maximum time in s that a Python thread holds the interpreter while others wait (whole
            process); ``None`` keeps Python's 5 ms, more than two cycles at 500 Hz.
    """

    priority: int = 0
    cpus: Tuple[int, ...] = ()
    lock_memory: bool = False
    freeze_gc: bool = True
    switch_interval: Optional[float] = None

    def __post_init__(self) -> None:
        if not 0 <= self.priority <= 99:
            raise ValueError(f"realtime: priority is {self.priority}, allowed 0 (off) to 99")
        if any(cpu < 0 for cpu in self.cpus):
            raise ValueError(f"realtime: cpus is {self.cpus}, allowed: numbers from 0")
        interval = self.switch_interval
        if interval is not None and not (math.isfinite(interval) and 0 < interval <= 1):
            raise ValueError(f"realtime: switch_interval is {interval}, allowed above 0 to 1 s")


def apply(settings: RealtimeSettings, whole_process: bool = False) -> Tuple[str, ...]:
    """Apply the measures to the calling thread, as far as the system allows.

    Args:
        settings: the measures.
        whole_process: give the other threads of the process SCHED_FIFO too, one below ``priority`` (at least
            1). Each may hold a lock that the calling thread needs, Python's interpreter or one of the
            middleware: if a thread without priority waits for a CPU, the calling thread waits with it. A
            thread started later inherits the priority of its creator.

    Returns:
        One line per failed measure, with its remedy; each is also logged as a warning.
    """
    warnings: List[str] = []
    if settings.cpus:
        _attempt(warnings, _set_affinity, settings)
    if settings.priority:
        _attempt(warnings, _set_priorities if whole_process else _set_priority, settings)
    if settings.lock_memory:
        _attempt(warnings, _lock_memory, settings)
    if settings.switch_interval is not None:
        sys.setswitchinterval(settings.switch_interval)
    if settings.freeze_gc:
        gc.collect()
        gc.freeze()
    for warning in warnings:
        _LOG.warning(warning)
    return tuple(warnings)


class _DegradedError(Exception):
    """A measure that failed, and its remedy."""


def _attempt(
    warnings: List[str], measure: Callable[[RealtimeSettings], None], settings: RealtimeSettings
) -> None:
    try:
        measure(settings)
    except _DegradedError as degraded:
        warnings.append(str(degraded))


def _set_affinity(settings: RealtimeSettings) -> None:
    cpus = set(settings.cpus)
    try:
        os.sched_setaffinity(0, cpus)
    except (OSError, AttributeError) as error:
        raise _DegradedError(
            f"cannot run on CPUs {sorted(cpus)} ({error}): choose among the {os.cpu_count()} of this machine "
            "(`nproc --all`; a container may have fewer)"
        ) from error


def _set_priority(settings: RealtimeSettings) -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(settings.priority))
    except (OSError, AttributeError) as error:
        raise _DegradedError(
            f"no SCHED_FIFO priority {settings.priority} ({error}): allow `rtprio {settings.priority}` "
            f"{_LIMITS} and log in again, or run the container with --cap-add=SYS_NICE --ulimit rtprio=99"
        ) from error


def _set_priorities(settings: RealtimeSettings) -> None:
    _set_priority(settings)
    below = os.sched_param(max(settings.priority - 1, 1))
    threads = {int(entry.name) for entry in Path("/proc/self/task").iterdir()}
    for thread in threads - {threading.get_native_id()}:
        with contextlib.suppress(ProcessLookupError):  # the thread has ended
            os.sched_setscheduler(thread, os.SCHED_FIFO, below)


def _lock_memory(settings: RealtimeSettings) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE) != 0:
        raise _DegradedError(
            f"cannot lock memory ({os.strerror(ctypes.get_errno())}): allow `memlock unlimited` "
            f"{_LIMITS} and log in again, or run the container with --cap-add=IPC_LOCK --ulimit memlock=-1"
        )
