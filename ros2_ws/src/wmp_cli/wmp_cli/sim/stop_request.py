"""Ctrl-C as a request that the main loop polls, in place of an exception at any line."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class StopRequest:
    """Counts requests to stop (Ctrl-C, SIGTERM, a closed terminal); the second one means at once."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.count += 1


@contextlib.contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Within the context, signals that end a process are only counted."""
    stop = StopRequest()
    before = {
        number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
