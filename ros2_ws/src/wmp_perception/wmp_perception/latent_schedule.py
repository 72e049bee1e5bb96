"""Schedules the two phases of the world model for policy steps and depth images that arrive in any order.

With k policy steps per world-model interval, tick n (a multiple of k) is observed once its depth image has
arrived; step n+k-1 completes the k actions that advance the state to tick n+k.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from dataclasses import dataclass
from typing import Any, Deque, List, Optional, Protocol, Tuple

import numpy as np

from wmp_core.contract import TimingContract
from wmp_perception.depth_selection import check_tolerance

_log = logging.getLogger(__name__)


class TwoPhaseModel(Protocol):
    """The model that the schedule calls, such as ``wmp_core.inference.world_model.WorldModel``."""

    def reset(self) -> Any:
        """Return to the initial state ``h_0``."""

    def observe(self, proprioception: np.ndarray, depth_m: Optional[np.ndarray], depth_stamp: float) -> Any:
        """Draw z from the posterior, or from the prior if ``depth_m`` is ``None``."""

    def advance(self, actions: np.ndarray) -> Any:
        """Advance h by one interval with ``actions [k, joints]``, oldest first."""


@dataclass(frozen=True)
class Step:
    """One policy step, from ``wmp_msgs/PolicyStep``; ``stamp`` in s."""

    tick: int
    stamp: float
    is_first: bool
    proprioception: np.ndarray
    action: np.ndarray


@dataclass(frozen=True)
class TimedLatent:
    """The latent for policy tick ``tick``.

    Attributes:
        tick: policy tick; the tick in ``state`` counts from the model's last reset.
        stamp: time of the step before ``tick``, which completed this latent [s].
        observed_at: time of the step whose proprioception ``z`` is based on [s].
        state: returned by the model: ``h`` of this tick, ``z`` that entered it, its source and image time.
    """

    tick: int
    stamp: float
    observed_at: float
    state: Any


@dataclass(frozen=True)
class _Unobserved:
    stamp: float
    proprioception: np.ndarray


class LatentSchedule:
    """Turns steps and images into calls of a :class:`TwoPhaseModel`.

    Steps must arrive in order, and so must images; every interleaving gives the same calls.

    Args:
        model: to call.
        timing: of the contract.
        tolerance_s: largest difference between an image's age and the contract's ``depth_age`` [s].
        wait_for_depth: at the end of an interval without an image, wait for it (lockstep) instead of drawing
            z from the prior at once (real time).

    Raises:
        ValueError: the tolerance is out of range.
    """

    def __init__(
        self, model: TwoPhaseModel, timing: TimingContract, tolerance_s: float, wait_for_depth: bool
    ) -> None:
        check_tolerance(timing, tolerance_s)
        self._model = model
        self._timing = timing
        self._tolerance = tolerance_s
        self._wait_for_depth = wait_for_depth
        self._images: Deque[Tuple[float, Optional[np.ndarray]]] = deque(maxlen=8)
        self._next_tick: Optional[int] = None
        self._observed_at = math.nan
        self._actions: Optional[List[np.ndarray]] = None  # of the current interval; None outside an interval
        self._unobserved: Optional[_Unobserved] = None
        self._waiting_step: Optional[Step] = None  # last step of an interval that waits for its image
        #: Number of restarts because steps were missing.
        self.gaps = 0

    @property
    def is_waiting(self) -> bool:
        """Whether an interval lacks nothing but its image."""
        return self._waiting_step is not None

    def on_step(self, step: Step) -> Optional[TimedLatent]:
        """Add a policy step; returns the next latent if this step completes it."""
        if step.is_first or step.tick != self._next_tick:
            self._restart(step)
        self._next_tick = step.tick + 1
        phase = step.tick % self._timing.world_model_interval
        if phase == 0:
            self._actions = []
            self._unobserved = _Unobserved(step.stamp, step.proprioception)
            self._observe_if_possible()
        if self._actions is None:
            return None
        self._actions.append(step.action)
        if phase < self._timing.world_model_interval - 1:
            return None
        if self._unobserved is not None and self._wait_for_depth:
            self._waiting_step = step
            return None
        return self._advance(step)

    def on_depth(self, stamp: float, depth: Optional[np.ndarray]) -> Optional[TimedLatent]:
        """Add an image in m captured at ``stamp`` s; returns the next latent if it waited for this image.

        ``None`` states that no image of that time will arrive.
        """
        self._images.append((stamp, depth))
        self._observe_if_possible()
        if self._waiting_step is None or self._unobserved is not None:
            return None
        return self._advance(self._waiting_step)

    def continue_without_depth(self) -> Optional[TimedLatent]:
        """Use the prior for the waiting interval; returns its latent, ``None`` if none is waiting."""
        return None if self._waiting_step is None else self._advance(self._waiting_step)

    def _restart(self, step: Step) -> None:
        """Reset: a new run begins, or steps are missing and their actions cannot be recovered."""
        if not step.is_first:
            self.gaps += 1
            expected = "the first step of a run" if self._next_tick is None else f"step {self._next_tick}"
            _log.warning(
                "expected %s, got step %d: the world model restarts at its next tick", expected, step.tick
            )
        self._model.reset()
        self._actions = self._unobserved = self._waiting_step = None

    def _observe_if_possible(self) -> None:
        if self._unobserved is None:
            return
        target = self._unobserved.stamp - self._timing.depth_age
        near = [image for image in self._images if abs(image[0] - target) <= self._tolerance]
        if near:
            self._observe(*min(near, key=lambda image: abs(image[0] - target)))

    def _observe(self, stamp: float, depth: Optional[np.ndarray]) -> None:
        assert self._unobserved is not None
        self._model.observe(self._unobserved.proprioception, depth, math.nan if depth is None else stamp)
        self._observed_at = self._unobserved.stamp
        self._unobserved = None

    def _advance(self, last: Step) -> TimedLatent:
        assert self._actions is not None
        if self._unobserved is not None:
            self._observe(math.nan, None)
        state = self._model.advance(np.stack(self._actions))
        self._actions = self._waiting_step = None
        return TimedLatent(last.tick + 1, last.stamp, self._observed_at, state)
