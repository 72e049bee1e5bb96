"""Processes that keep the CPUs busy, for measurements under load."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def load(processes: int | None = None) -> Iterator[None]:
    """Inside, as many busy processes as this one may use CPUs, or ``processes`` of them."""
    count = len(os.sched_getaffinity(0)) if processes is None else processes
    context = multiprocessing.get_context("spawn")
    busy = [context.Process(target=_burn, daemon=True) for _ in range(count)]
    for process in busy:
        process.start()
    try:
        time.sleep(1.0)  # until they have started
        yield
    finally:
        for process in busy:
            process.terminate()
            process.join()


def spin_until(end_ns: int) -> None:
    """Use this CPU until the monotonic clock reads ``end_ns`` [ns]."""
    while time.monotonic_ns() < end_ns:
        pass


def _burn() -> None:
    """Use a CPU until terminated; ends by itself within 0.1 s after the parent was killed."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        spin_until(time.monotonic_ns() + 100_000_000)
