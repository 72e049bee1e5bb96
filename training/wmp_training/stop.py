"""Stopping a training in order: SIGINT (Ctrl-C) and SIGTERM never interrupt it in the middle of something."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

#: Exit code of a command that a signal stopped.
INTERRUPTED = 130
#: A signal within this time of the first one belongs to it [s]: a terminal and ``torchrun`` both send one.
REPEAT = 1.0


class StopRequest:
    """Whether training is to stop after the current iteration.

    While training runs (see :meth:`deferred`), the first signal only sets ``requested``: the iteration is
    finished and the checkpoint written. A second signal, and any signal at another time (start-up), ends the
    process at once with exit code 130. That damages no checkpoint: each is written beside the last one and
    renamed when complete.
    """

    def __init__(self) -> None:
        self.requested = False
        self._deferred = False
        self._first = 0.0
        self._last_words: Callable[[], str] = str

    @contextmanager
    def on_signals(self, last_words: Callable[[], str]) -> Iterator[None]:
        """Handle SIGINT and SIGTERM inside; ``last_words`` is printed where the process ends at once."""
        self._last_words = last_words
        previous = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Inside, the first signal waits: whoever runs inside looks at ``requested``."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._deferred and not self.requested:
            self.requested, self._first = True, now
            _say("stopping: the iteration is finished and saved first; a second Ctrl-C ends at once")
        elif not self.requested or now - self._first > REPEAT:
            _say(self._last_words())
            os._exit(INTERRUPTED)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _say(sentence: str) -> None:
    """Write to stderr past its buffer, in whose middle the signal may have arrived."""
    os.write(2, f"{sentence}\n".encode())
