"""Where threads meet: latents on their way to the control thread, finished records on their way out of it."""

from __future__ import annotations

import queue
import threading
from typing import Any, List, Optional

from wmp_core.control.walking import Latent


class LatentMailbox:
    """Latents that have arrived and not been taken."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._latents: List[Latent] = []

    def put(self, latent: Latent) -> None:
        with self._changed:
            self._latents.append(latent)
            self._changed.notify()

    def take(self) -> List[Latent]:
        """All latents since the last call, oldest first."""
        with self._changed:
            latents, self._latents = self._latents, []
        return latents

    def wait_for(self, tick: int, timeout_s: float) -> bool:
        """Block until the latent of ``tick`` is there; False after ``timeout_s``. Takes nothing."""
        with self._changed:
            return self._changed.wait_for(
                lambda: any(latent.tick == tick for latent in self._latents), timeout_s
            )


class Outbox:
    """Queue out of the control thread; nothing that goes in ever waits.

    What is offered periodically is dropped, and counted, while ``capacity`` items lie there. What comes
    seldom and somebody waits for (answers, events) always goes in.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.dropped = 0

    def offer(self, item: Any) -> None:
        """Put ``item`` in unless there is no room."""
        if self._items.qsize() < self._capacity:
            self._items.put(item)
        else:
            self.dropped += 1

    def put(self, item: Any) -> None:
        self._items.put(item)

    def close(self) -> None:
        """Let the reader end once it has everything."""
        self._items.put(None)

    def get(self) -> Optional[Any]:
        """The next item, waiting for it; None once the outbox is closed and empty."""
        return self._items.get()
