"""Detects a hanging control thread: it answers no request, and the motors keep executing its last command."""

from __future__ import annotations

from typing import Optional


class HangDetector:
    """Polls a counter that advances as long as a thread runs.

    It counts polls instead of seconds: if the whole process was suspended, the polls were suspended too, and
    the watched thread is as likely to continue as the polling one.

    Args:
        max_stalled: consecutive polls that may read the same count.
    """

    def __init__(self, max_stalled: int) -> None:
        self._max_stalled = max_stalled
        self._last: Optional[int] = None
        self._stalled = 0

    def update(self, count: Optional[int]) -> bool:
        """Poll once; returns whether the thread hangs.

        Args:
            count: None while the thread is not required to advance.
        """
        self._stalled = self._stalled + 1 if count is not None and count == self._last else 0
        self._last = count
        return self._stalled > self._max_stalled
