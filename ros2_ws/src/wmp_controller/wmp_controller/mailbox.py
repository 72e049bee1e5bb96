"""Queues between threads: latents into the control thread, reports and events out of it."""

from __future__ import annotations

import queue
import threading
from typing import Any, List, Optional

from wmp_core.control.walking import Latent


class LatentMailbox:
    """Latents that have arrived and that the control thread has not read yet."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._latents: List[Latent] = []

    def put(self, latent: Latent) -> None:
        with self._changed:
            self._latents.append(latent)
            self._changed.notify()

    def drain(self) -> List[Latent]:
        """Remove and return all latents, oldest first."""
        with self._changed:
            latents, self._latents = self._latents, []
        return latents

    def wait_for(self, tick: int, timeout_s: float) -> bool:
        """Block until the latent of ``tick`` has arrived; False after ``timeout_s``. Removes nothing."""
        with self._changed:
            return self._changed.wait_for(
                lambda: any(latent.tick == tick for latent in self._latents), timeout_s
            )


class Outbox:
    """Queue out of the control thread; adding an item never blocks.

    :meth:`offer` is for periodic reports: it drops and counts them while ``capacity`` items are queued.
    :meth:`put` is for answers and events, which are rare and awaited: it always queues them.

    Attributes:
        dropped: number of items dropped so far.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.dropped = 0

    def offer(self, item: Any) -> None:
        """Queue ``item``, or drop and count it if the queue is full."""
        if self._items.qsize() < self._capacity:
            self._items.put(item)
        else:
            self.dropped += 1

    def put(self, item: Any) -> None:
        """Queue ``item`` whatever the queue holds."""
        self._items.put(item)

    def close(self) -> None:
        """Let the reader end once the queue is empty."""
        self._items.put(None)

    def get(self) -> Optional[Any]:
        """Wait for the next item; None once the outbox is closed and empty."""
        return self._items.get()
