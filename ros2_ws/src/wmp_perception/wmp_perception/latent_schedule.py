"""Schedules the two phases of the world model, for policy steps and depth images in any order of arrival.

With k policy steps per world-model tick: tick n (a multiple of k) is observed once its depth image is there,
and step n+k-1 completes the k actions with which the state advances to tick n+k.
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
    """The scheduled model, such as ``wmp_core.inference.world_model.WorldModel``."""

    def reset(self) -> Any:
        """Reset to the initial state ``h_0``."""

    def observe(self, proprioception: np.ndarray, depth_m: Optional[np.ndarray], depth_stamp: float) -> Any:
        """Sample z from the posterior, or from the prior if ``depth_m`` is None."""

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
class Advanced:
    """The latent of a policy tick.

    Attributes:
        tick: tick of the policy; the model's own tick, in ``state``, counts from its last reset.
        stamp: time of the last policy step before ``tick`` [s]; the latent is known since then.
        observed_at: time of the step whose proprioception entered ``z`` [s].
        state: what the model returned: ``h`` of this tick, and the ``z`` that entered it, with source and
            image time.
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

    Steps must arrive in order, and so must images; they may interleave in any way, with the same calls as
    the result.

    Args:
        tolerance_s: maximum distance between an image and the target time [s].
        wait_for_depth: if an interval ends before its image arrives, wait for it (lockstep); otherwise sample
            z from the prior at once (real time).
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
        self._actions: Optional[List[np.ndarray]] = None  # of the current interval; None outside of one
        self._unobserved: Optional[_Unobserved] = None
        self._waiting_step: Optional[Step] = None  # the last step of an interval that waits for its image
        #: Number of times that steps were missing and the model was reset.
        self.gaps = 0

    @property
    def is_waiting(self) -> bool:
        """Whether an interval is complete except for its image."""
        return self._waiting_step is not None

    def on_step(self, step: Step) -> Optional[Advanced]:
        """Process a policy step; returns the next latent if this step completes it."""
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

    def on_depth(self, stamp: float, depth: Optional[np.ndarray]) -> Optional[Advanced]:
        """Process an image in m captured at ``stamp`` s; returns the next latent if it waited for this image.

        A ``depth`` of None says that there is no image of that time.
        """
        self._images.append((stamp, depth))
        self._observe_if_possible()
        if self._waiting_step is None or self._unobserved is not None:
            return None
        return self._advance(self._waiting_step)

    def continue_with_prior(self) -> Optional[Advanced]:
        """Use the prior for the interval that waits; returns its latent, None if no interval waits."""
        return None if self._waiting_step is None else self._advance(self._waiting_step)

    def _restart(self, step: Step) -> None:
        """Reset: a new run begins, or steps are missing, whose actions cannot be restored."""
        if not step.is_first:
            self.gaps += 1
            wanted = "the first step of a run" if self._next_tick is None else f"step {self._next_tick}"
            _log.warning(
                "expected %s, got step %d: the world model restarts at its next tick", wanted, step.tick
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

    def _advance(self, last: Step) -> Advanced:
        assert self._actions is not None
        if self._unobserved is not None:
            self._observe(math.nan, None)
        state = self._model.advance(np.stack(self._actions))
        self._actions = self._waiting_step = None
        return Advanced(last.tick + 1, last.stamp, self._observed_at, state)
