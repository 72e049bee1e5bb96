"""Which depth frame the world model gets: the one nearest to (time of its tick - age that training used)."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Any, Deque, List

from wmp_core.contract import TimingContract
from wmp_core.depth.frame_buffer import FrameBuffer

#: Frames are remembered this long (s), so that a step that arrives late still finds its frame.
SPAN_S = 1.0

#: World-model ticks that may wait for a frame at a time; with more waiting the camera has stopped.
MAX_PENDING = 8


@dataclass(frozen=True)
class SelectedFrame:
    """Frame chosen for world-model tick ``tick``. ``age_error``: capture time minus the wanted time, s.

    ``frame`` is ``None`` where none lay within the tolerance; ``stamp`` is then the wanted time.
    """

    tick: int
    stamp: float
    frame: Any
    age_error: float


@dataclass(frozen=True)
class _Target:
    tick: int
    stamp: float


class DepthSelection:
    """Chooses frames by their stamps alone, so the choice does not depend on whether a step or a frame comes
    first.

    A tick is decided as soon as a frame at or after its wanted time is there: no later frame can lie nearer.
    Steps arrive in order, frames arrive in order; between the two any order is allowed.
    """

    def __init__(self, timing: TimingContract, tolerance_s: float) -> None:
        """``tolerance_s``: largest distance between a frame and the wanted time.

        Raises:
            ValueError: the tolerance is not between 0 and half a world-model period (then two ticks could
            share a frame).
        """
        check_tolerance(timing, tolerance_s)
        self._timing = timing
        self._tolerance = tolerance_s
        self._buffer = FrameBuffer(SPAN_S)
        self._pending: Deque[_Target] = deque(maxlen=MAX_PENDING)
        self._silent_until = -math.inf
        #: World-model ticks for which no frame lay within the tolerance, or came at all.
        self.missed = 0

    def on_step(self, tick: int, stamp: float, is_first: bool = False) -> List[SelectedFrame]:
        """A policy step at ``stamp`` s. Returns what can be decided now, in order of ticks."""
        if is_first:
            self._pending.clear()
        if tick % self._timing.world_model_interval == 0:
            self.missed += len(self._pending) == MAX_PENDING  # the oldest makes room
            self._pending.append(_Target(tick, stamp - self._timing.depth_age))
        return self._decide()

    def on_frame(self, stamp: float, frame: Any) -> List[SelectedFrame]:
        """A frame captured at ``stamp`` s. Returns what can be decided now, in order of ticks."""
        self._buffer.add(stamp, frame)
        return self._decide()

    def on_silence(self, stamp: float) -> List[SelectedFrame]:
        """Time has come to ``stamp`` s, and no frame with it. Returns what can be decided now."""
        self._silent_until = stamp
        return self._decide()

    def _decide(self) -> List[SelectedFrame]:
        selected = []
        while self._pending and self._reached(self._pending[0]):
            target = self._pending.popleft()
            nearest = self._buffer.nearest(target.stamp, self._tolerance)
            if nearest is None:
                self.missed += 1
                selected.append(SelectedFrame(target.tick, target.stamp, None, 0.0))
            else:
                error = nearest.stamp - target.stamp
                selected.append(SelectedFrame(target.tick, nearest.stamp, nearest.image, error))
        return selected

    def _reached(self, target: _Target) -> bool:
        newest = self._buffer.newest_stamp
        return max(self._silent_until, -math.inf if newest is None else newest) >= target.stamp


def check_tolerance(timing: TimingContract, tolerance_s: float) -> None:
    """Refuse a tolerance with which one frame could serve two world-model ticks.

    Raises:
        ValueError: naming the value and the allowed range.
    """
    limit = 0.5 * timing.world_model_period
    if not 0 < tolerance_s < limit:
        raise ValueError(
            f"depth tolerance is {tolerance_s!r} s, allowed is more than 0 and less than {limit:g} s"
        )
