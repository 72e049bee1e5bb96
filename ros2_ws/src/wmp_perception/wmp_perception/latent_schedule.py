"""When the two phases of the world model run, given policy steps and depth images that arrive in any order.

With k policy steps per world-model tick: tick n (a multiple of k) is observed once its depth image is there,
and step n+k-1 completes the five actions with which the state advances to tick n+k.
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
    """What the schedule drives; ``wmp_core.inference.world_model.WorldModel`` is one."""

    def reset(self) -> Any:
        """Go to the initial state ``h_0``."""

    def observe(self, proprioception: np.ndarray, depth_m: Optional[np.ndarray], depth_stamp: float) -> Any:
        """Draw z from the posterior, or from the prior where ``depth_m`` is None."""

    def advance(self, actions: np.ndarray) -> Any:
        """Step h by one interval with ``actions [k, joints]``, oldest first."""


@dataclass(frozen=True)
class Step:
    """One policy step: what ``wmp_msgs/PolicyStep`` says of it. ``stamp`` in s."""

    tick: int
    stamp: float
    is_first: bool
    proprioception: np.ndarray
    action: np.ndarray


@dataclass(frozen=True)
class Advanced:
    """The latent of ``tick``, known since ``stamp`` (s), the time of the step before it.

    ``state`` is what the model returned: ``h`` of this tick, and the ``z`` that entered it with source and
    image time. Its own tick counts from the model's last reset; ``tick`` is the policy's. ``observed_at`` is
    the time (s) of the step whose proprioception that ``z`` saw.
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

    Steps arrive in order, images arrive in order; between the two any order is allowed and gives the same
    calls. ``wait_for_depth`` says what happens when an interval ends before its image came: wait for it
    (lockstep), or draw z from the prior at once (real time).
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
        self._actions: Optional[List[np.ndarray]] = None  # of the running interval; None outside of one
        self._unobserved: Optional[_Unobserved] = None
        self._held: Optional[Step] = None  # the last step of an interval that waits for its image
        #: Times that steps were missing and the model had to start anew.
        self.gaps = 0

    @property
    def is_waiting(self) -> bool:
        """Whether an interval is complete but for its image."""
        return self._held is not None

    def on_step(self, step: Step) -> Optional[Advanced]:
        """A policy step; returns the next latent if this step completes it."""
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
            self._held = step
            return None
        return self._advance(step)

    def on_depth(self, stamp: float, depth: Optional[np.ndarray]) -> Optional[Advanced]:
        """An image in m captured at ``stamp`` s; returns the next latent if that had to wait for it.

        ``None`` says that there will be no image of that time.
        """
        self._images.append((stamp, depth))
        self._observe_if_possible()
        if self._held is None or self._unobserved is not None:
            return None
        return self._advance(self._held)

    def give_up_waiting(self) -> Optional[Advanced]:
        """Go on with the prior for the interval that waits; None if none does."""
        return None if self._held is None else self._advance(self._held)

    def _restart(self, step: Step) -> None:
        """Forget everything: a new run begins, or steps are missing and nobody can restore their actions."""
        if not step.is_first:
            self.gaps += 1
            wanted = "the first step of a run" if self._next_tick is None else f"step {self._next_tick}"
            _log.warning(
                "expected %s, got step %d: the world model starts anew at its next tick", wanted, step.tick
            )
        self._model.reset()
        self._actions = self._unobserved = self._held = None

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
        self._actions = self._held = None
        return Advanced(last.tick + 1, last.stamp, self._observed_at, state)
