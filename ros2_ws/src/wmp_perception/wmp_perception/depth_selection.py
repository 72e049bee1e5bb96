"""Selects a depth frame per world-model tick: the one closest to (time of the tick - age in training)."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Any, Deque, List

from wmp_core.contract import TimingContract
from wmp_core.depth.frame_buffer import FrameBuffer

#: Frames are kept this long [s], so that a step that arrives late still finds its frame.
SPAN_S = 1.0

#: Largest number of world-model ticks that wait for a frame. If more are waiting, the camera has stopped.
MAX_PENDING = 8


@dataclass(frozen=True)
class SelectedFrame:
    """Frame selected for world-model tick ``tick``.

    Attributes:
        stamp: capture time [s]; the target time if there is no frame.
        frame: ``None`` if no frame lies within the tolerance.
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
    """Selects frames by their stamps alone, so the order in which steps and frames arrive does not matter.

    A tick is decided once a frame at or after its target time has arrived: no later frame can be closer.
    Steps must arrive in order, and so must frames; their interleaving is free.

    Args:
        timing: of the contract.
        tolerance_s: largest distance between a frame and its target time [s].

    Raises:
        ValueError: the tolerance is not between 0 and half a world-model interval, from which two ticks could
            share a frame.
    """

    def __init__(self, timing: TimingContract, tolerance_s: float) -> None:
        check_tolerance(timing, tolerance_s)
        self._timing = timing
        self._tolerance = tolerance_s
        self._buffer = FrameBuffer(SPAN_S)
        self._pending: Deque[_Target] = deque(maxlen=MAX_PENDING)
        self._no_frame_until = -math.inf
        #: World-model ticks without a frame within the tolerance.
        self.missed = 0

    def on_step(self, tick: int, stamp: float, is_first: bool = False) -> List[SelectedFrame]:
        """Add a policy step at ``stamp`` s; returns the decided ticks in order."""
        if is_first:
            self._pending.clear()
        if tick % self._timing.world_model_interval == 0:
            self.missed += len(self._pending) == MAX_PENDING  # the deque drops its oldest entry
            self._pending.append(_Target(tick, stamp - self._timing.depth_age))
        return self._decide()

    def on_frame(self, stamp: float, frame: Any) -> List[SelectedFrame]:
        """Add a frame captured at ``stamp`` s; returns the decided ticks in order."""
        self._buffer.add(stamp, frame)
        return self._decide()

    def on_missing_frame(self, stamp: float) -> List[SelectedFrame]:
        """State that no frame of ``stamp`` s will arrive; returns the decided ticks in order."""
        self._no_frame_until = stamp
        return self._decide()

    def _decide(self) -> List[SelectedFrame]:
        selected = []
        while self._pending and self._is_decidable(self._pending[0]):
            target = self._pending.popleft()
            nearest = self._buffer.nearest(target.stamp, self._tolerance)
            if nearest is None:
                self.missed += 1
                selected.append(SelectedFrame(target.tick, target.stamp, None, 0.0))
            else:
                error = nearest.stamp - target.stamp
                selected.append(SelectedFrame(target.tick, nearest.stamp, nearest.image, error))
        return selected

    def _is_decidable(self, target: _Target) -> bool:
        newest = self._buffer.newest_stamp
        return max(self._no_frame_until, -math.inf if newest is None else newest) >= target.stamp


def check_tolerance(timing: TimingContract, tolerance_s: float) -> None:
    """Check that one frame cannot serve two world-model ticks.

    Raises:
        ValueError: naming the value and the allowed range.
    """
    limit = 0.5 * timing.world_model_period
    if not 0 < tolerance_s < limit:
        raise ValueError(
            f"depth tolerance is {tolerance_s!r} s, allowed: more than 0 and less than {limit:g} s"
        )
