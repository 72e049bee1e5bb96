"""Progress of long work on stderr: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

#: Time between two lines where stderr is no terminal [s].
PERIOD = 5.0
WIDTH = 30


class Progress:
    """Call it with the share that is done, 0..1; ``what`` names the work."""

    def __init__(self, what: str, stream: TextIO | None = None, period: float = PERIOD) -> None:
        self._what, self._stream, self._period = what, stream or sys.stderr, period
        self._next = time.monotonic() + period

    def __call__(self, share: float) -> None:
        if self._stream.isatty():
            self._draw(share)
        elif share < 1.0 and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._period
            print(f"{self._what}: {100 * share:.0f} %", file=self._stream, flush=True)

    def _draw(self, share: float) -> None:
        filled = round(WIDTH * share)
        line = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {100 * share:3.0f} %  {self._what}"
        self._stream.write(f"\r{line}")
        if share >= 1.0:
            self._stream.write("\r" + " " * len(line) + "\r")
        self._stream.flush()
