"""Counts, rates, gaps and clocks of every topic of a recording, in one pass without decoding."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field

import numpy as np

from wmp_recording.storage.recording import StoredMessage

#: Range [s] and number of the logarithmic bins that give the median period to 4 %.
SHORTEST, LONGEST, BINS = 1e-4, 1e3, 400
#: A pause longer than this many median periods is a gap.
GAP = 2.5
#: Types that do not start with a ``std_msgs/Header``.
HEADERLESS = ("geometry_msgs/msg/Twist", "std_msgs/msg/Bool", "std_msgs/msg/String", "tf2_msgs/msg/TFMessage")


@dataclass
class TopicSurvey:
    """One topic. Times [s] are the header stamps of the messages, or the recorder's log times without header.

    ``backwards`` counts messages stamped earlier than their predecessor. ``longest_pause`` [s] began at
    ``pause_at`` [s].
    """

    kind: str
    count: int = 0
    first: float = math.nan
    last: float = math.nan
    backwards: int = 0
    longest_pause: float = 0.0
    pause_at: float = math.nan
    _periods: np.ndarray = field(default_factory=lambda: np.zeros(BINS, np.int64), repr=False)

    def add(self, stamp: float) -> None:
        """Add the stamp of the next message [s]."""
        if self.count:
            self._add_period(stamp - self.last)
        else:
            self.first = stamp
        self.count += 1
        self.last = stamp

    @property
    def rate(self) -> float:
        """Rate from the median period [Hz]; NaN for fewer than two messages."""
        total = int(self._periods.sum())
        if total == 0:
            return math.nan
        middle = int(np.searchsorted(np.cumsum(self._periods), (total + 1) // 2))
        return 1.0 / (SHORTEST * (LONGEST / SHORTEST) ** ((middle + 0.5) / BINS))

    @property
    def has_stamps(self) -> bool:
        """Whether the messages carry stamps of their own."""
        return self.kind not in HEADERLESS

    @property
    def gaps(self) -> int:
        """Number of pauses longer than :data:`GAP` median periods."""
        if math.isnan(self.rate):
            return 0
        return int(self._periods[_bin(GAP / self.rate) + 1 :].sum())

    def _add_period(self, period: float) -> None:
        if period < 0:
            self.backwards += 1
            return
        self._periods[_bin(period)] += 1
        if period > self.longest_pause:
            self.longest_pause, self.pause_at = period, self.last


class Survey:
    """All topics of a recording by name; ``add`` every message once."""

    def __init__(self) -> None:
        self.topics: dict[str, TopicSurvey] = {}

    def add(self, message: StoredMessage) -> None:
        topic = self.topics.setdefault(message.topic, TopicSurvey(message.kind))
        topic.add(own_stamp(message))


def own_stamp(message: StoredMessage) -> float:
    """Stamp in the header of a message [s], or the log time if its type has no header."""
    if message.kind in HEADERLESS or len(message.data) < 12:
        return 1e-9 * message.stamp_ns
    order = "<" if message.data[1] & 1 else ">"
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", message.data, 4)
    return seconds + 1e-9 * nanoseconds if nanoseconds < 1_000_000_000 else 1e-9 * message.stamp_ns


def _bin(period: float) -> int:
    place = math.log(max(period, SHORTEST) / SHORTEST) / math.log(LONGEST / SHORTEST)
    return min(int(place * BINS), BINS - 1)
