"""Stops a training on SIGINT (Ctrl-C) or SIGTERM without interrupting an iteration or a save."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

#: Exit code of a command that was stopped by a signal.
INTERRUPTED = 130
#: Signals within this time of the first one count as the same request [s]: on Ctrl-C, the terminal and
#: ``torchrun`` both send one.
REPEAT = 1.0

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether training is to stop after the current iteration.

    While training runs (see :meth:`deferred`), the first signal only sets ``requested``: the training
    finishes the iteration and writes the checkpoint. A second signal, or one at another time (start-up),
    ends the process at once with exit code 130. That cannot damage a checkpoint, because a new one is written
    beside the old one and renamed when complete.

    Args:
        quiet: print nothing: of several ranks, one prints.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.requested = False
        self._quiet = quiet
        self._deferred = False
        self._first = 0.0
        self._last_words: Callable[[], str] = str

    @contextmanager
    def on_signals(self, last_words: Callable[[], str]) -> Iterator[None]:
        """Handle SIGINT and SIGTERM inside; ``last_words`` makes the message for ending at once."""
        self._last_words = last_words
        previous = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Inside, the first signal only sets ``requested``, which the caller polls."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._deferred and not self.requested:
            self.requested, self._first = True, now
            self._say("stopping after this iteration and its checkpoint; a second Ctrl-C ends at once")
        elif not self.requested or now - self._first > REPEAT:
            self._say(self._last_words())
            os._exit(INTERRUPTED)

    def _say(self, sentence: str) -> None:
        """Write to stderr without its buffer, which the signal may have interrupted."""
        if not self._quiet:
            os.write(2, f"{sentence}\n".encode())
