"""A control thread that hangs: it answers nobody, and the motors keep its last command."""

from __future__ import annotations

from typing import Optional


class Heartbeat:
    """Looks at a count that goes on as long as a thread lives.

    Looks are counted, not seconds: in a process that was held up as a whole nobody looked either, and its
    thread has as good a chance to go on as the one that looks.

    Args:
        patience: looks in a row that may find the same count.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._last: Optional[int] = None
        self._same = 0

    def has_stopped(self, count: Optional[int]) -> bool:
        """Look; ``count`` is None while nothing is expected of the thread."""
        self._same = self._same + 1 if count is not None and count == self._last else 0
        self._last = count
        return self._same > self._patience
