"""Processes that keep the cores busy, for measurements under load."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def load(processes: int | None = None) -> Iterator[None]:
    """Inside, other processes keep busy every core that this process may use, or ``processes`` of them."""
    count = len(os.sched_getaffinity(0)) if processes is None else processes
    context = multiprocessing.get_context("spawn")
    burners = [context.Process(target=_burn, daemon=True) for _ in range(count)]
    for burner in burners:
        burner.start()
    try:
        time.sleep(1.0)  # until all have started
        yield
    finally:
        for burner in burners:
            burner.terminate()
            burner.join()


def spin_until(end_ns: int) -> None:
    """Keep this core busy until the monotonic clock reads ``end_ns`` [ns]."""
    while time.monotonic_ns() < end_ns:
        pass


def _burn() -> None:
    """Keep a core busy until terminated or until the parent process has been killed."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        spin_until(time.monotonic_ns() + 100_000_000)
