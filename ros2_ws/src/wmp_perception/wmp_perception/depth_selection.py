"""Selects the depth frame for the world model: the one nearest to (time of the tick - age in training)."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Any, Deque, List

from wmp_core.contract import TimingContract
from wmp_core.depth.frame_buffer import FrameBuffer

#: Time for which frames are kept [s], so that a late step still finds its frame.
SPAN_S = 1.0

#: Maximum number of world-model ticks that wait for a frame; if there are more, the camera has stopped.
MAX_PENDING = 8


@dataclass(frozen=True)
class SelectedFrame:
    """Frame selected for world-model tick ``tick``.

    Attributes:
        stamp: capture time [s]; the target time if there is no frame.
        frame: None if no frame is within the tolerance.
        age_error: capture time minus target time [s].
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
    """Selects frames by their stamps alone, so the result does not depend on the order of arrival.

    A tick is decided as soon as there is a frame at or after its target time: no later frame can be nearer.
    Steps must arrive in order, and so must frames; steps and frames may interleave in any way.
    """

    def __init__(self, timing: TimingContract, tolerance_s: float) -> None:
        """Create an empty selection.

        Args:
            timing: the contract's timing.
            tolerance_s: maximum distance between a frame and the target time [s].

        Raises:
            ValueError: the tolerance is not between 0 and half a world-model period; beyond that, two ticks
                could share a frame.
        """
        check_tolerance(timing, tolerance_s)
        self._timing = timing
        self._tolerance = tolerance_s
        self._buffer = FrameBuffer(SPAN_S)
        self._pending: Deque[_Target] = deque(maxlen=MAX_PENDING)
        self._no_frame_until = -math.inf
        #: Number of world-model ticks without a frame within the tolerance.
        self.missed = 0

    def on_step(self, tick: int, stamp: float, is_first: bool = False) -> List[SelectedFrame]:
        """Process a policy step at ``stamp`` s; returns what can be decided now, in order of ticks."""
        if is_first:
            self._pending.clear()
        if tick % self._timing.world_model_interval == 0:
            self.missed += len(self._pending) == MAX_PENDING  # the oldest is dropped
            self._pending.append(_Target(tick, stamp - self._timing.depth_age))
        return self._decide()

    def on_frame(self, stamp: float, frame: Any) -> List[SelectedFrame]:
        """Process a frame captured at ``stamp`` s; returns what can be decided now, in order of ticks."""
        self._buffer.add(stamp, frame)
        return self._decide()

    def on_missing_frame(self, stamp: float) -> List[SelectedFrame]:
        """There is no frame at ``stamp`` s; returns what can be decided now."""
        self._no_frame_until = stamp
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
        return max(self._no_frame_until, -math.inf if newest is None else newest) >= target.stamp


def check_tolerance(timing: TimingContract, tolerance_s: float) -> None:
    """Refuse a tolerance that would let two world-model ticks share a frame.

    Raises:
        ValueError: with the value and the allowed range.
    """
    limit = 0.5 * timing.world_model_period
    if not 0 < tolerance_s < limit:
        raise ValueError(f"depth tolerance is {tolerance_s!r} s, allowed: above 0 and below {limit:g} s")
