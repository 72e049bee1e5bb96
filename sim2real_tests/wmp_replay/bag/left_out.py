"""Counts messages that cannot be used, by topic and reason."""

from __future__ import annotations

from collections import Counter

from wmp_replay.bag.records import FRAMES

#: Reasons that are shown; the rest is summed up.
SHOWN = 6


class LeftOut:
    """Messages left out of one walk; topics by their name in the graph."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, topic: str, reason: str) -> None:
        """Count one message; ``reason`` continues "80 messages ..." and says what was expected."""
        self._counts[topic, reason] += 1

    def __len__(self) -> int:
        return self._counts.total()

    def sentences(self, names: dict[str, str]) -> list[str]:
        """One sentence per topic and reason, most frequent first.

        Args:
            names: name in the graph -> name in the bag.
        """
        found = [
            f"{names.get(topic, topic)}: {count} {'frames' if topic in FRAMES else 'messages'} {reason}"
            for (topic, reason), count in self._counts.most_common(SHOWN)
        ]
        rest = len(self) - sum(count for _, count in self._counts.most_common(SHOWN))
        return [*found, f"{rest} more messages are left out for other reasons"] if rest else found
