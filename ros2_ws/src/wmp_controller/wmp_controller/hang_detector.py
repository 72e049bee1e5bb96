"""Detects a control thread that hangs: it answers no request, and the motors keep its last command."""

from __future__ import annotations

from typing import Optional


class HangDetector:
    """Polls a count that a running thread keeps increasing.

    It counts polls, not seconds: when the whole process was held up, nothing polled either, and the thread is
    as likely to continue as the one that polls.

    Args:
        patience: number of polls in a row that may find the same count.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._last: Optional[int] = None
        self._same = 0

    def has_hung(self, count: Optional[int]) -> bool:
        """Poll; ``count`` is None while the thread is not expected to run at its rate."""
        self._same = self._same + 1 if count is not None and count == self._last else 0
        self._last = count
        return self._same > self._patience
