"""Queues between threads: latents into the control thread, reports out of it."""

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

    def pop_all(self) -> List[Latent]:
        """All latents since the last call, oldest first."""
        with self._changed:
            latents, self._latents = self._latents, []
        return latents

    def wait_for(self, tick: int, timeout_s: float) -> bool:
        """Block until the latent of ``tick`` has arrived; False after ``timeout_s`` [s]. Removes nothing."""
        with self._changed:
            return self._changed.wait_for(
                lambda: any(latent.tick == tick for latent in self._latents), timeout_s
            )


class Outbox:
    """Queue out of the control thread; putting an item in never blocks.

    Periodic items (:meth:`offer`) are dropped and counted while ``capacity`` items are queued. Rare items
    that somebody waits for, answers and events (:meth:`put`), are always queued.
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
        """Queue ``item`` in any case."""
        self._items.put(item)

    def close(self) -> None:
        """Let :meth:`get` return None once all items have been read."""
        self._items.put(None)

    def get(self) -> Optional[Any]:
        """The next item; blocks until there is one. None once the outbox is closed and empty."""
        return self._items.get()
