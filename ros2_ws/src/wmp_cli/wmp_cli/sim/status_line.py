"""One line that is rewritten on a terminal, and printed now and then where there is none."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

TERMINAL_PERIOD = 0.2
PLAIN_PERIOD = 2.0


class StatusLine:
    """Shows the newest state of something that runs; ``update`` may be called as often as one likes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._period = TERMINAL_PERIOD if self._terminal else PLAIN_PERIOD
        self._next = 0.0

    def due(self) -> bool:
        """Whether it is time for a new line (spares the caller from composing lines nobody sees)."""
        return time.monotonic() >= self._next

    def update(self, text: str) -> None:
        """Show ``text`` in place of the last one."""
        self._next = time.monotonic() + self._period
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{text[:width]}")
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave the last line standing and go on below it."""
        if self._terminal:
            self._stream.write("\n")
            self._stream.flush()
