"""Windows of a walk: a few context steps, and the steps after them to predict."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wmp_core.contract import Contract
from wmp_replay.bag.step import WorldModelStep

#: World-model steps with images before a prediction (as in the paper), and the horizons that are judged.
CONTEXT, HORIZONS = 5, (1, 2, 5, 10, 20)
LENGTH = CONTEXT + max(HORIZONS)


@dataclass(frozen=True)
class Windows:
    """``B`` windows of ``T`` = :data:`LENGTH` consecutive world-model steps.

    ``depth [B, T, H, W]`` m, NaN without image; ``proprioception [B, T, P]``, scaled; ``actions
    [B, T, k * J]``, those between each step and the next; ``stamp [B]`` s of the last context step.
    """

    depth: np.ndarray
    proprioception: np.ndarray
    actions: np.ndarray
    stamp: np.ndarray

    def __len__(self) -> int:
        return len(self.stamp)

    def only(self, i: int) -> Windows:
        """Window ``i`` as a batch of one."""
        return Windows(*(getattr(self, name)[i : i + 1].copy() for name in Windows.__annotations__))


class WindowCutter:
    """Cuts windows out of a sequence of steps; keeps one window's length of them."""

    def __init__(self, contract: Contract, stride: int) -> None:
        """``stride``: world-model steps between the starts of two windows."""
        self._interval = contract.timing.world_model_interval
        self._missing = np.full((contract.depth.height, contract.depth.width), np.nan, np.float32)
        self._steps: deque[WorldModelStep] = deque(maxlen=LENGTH)
        self._stride = stride
        self._wait = 0

    def update(self, step: WorldModelStep) -> Windows | None:
        """Add the next step; returns the window that it completes, if one is due."""
        if not step.follows:
            self._steps.clear()
            self._wait = 0
        if len(step.policy) < self._interval:
            self._steps.clear()
            return None
        self._steps.append(step)
        if len(self._steps) < LENGTH or self._wait > 0:
            self._wait = max(0, self._wait - 1)
            return None
        context = list(self._steps)[:CONTEXT]
        if any(each.depth is None for each in context):
            return None
        self._wait = self._stride - 1
        return self._cut(list(self._steps))

    def _cut(self, steps: Sequence[WorldModelStep]) -> Windows:
        depth = np.stack([self._missing if step.depth is None else step.depth for step in steps])
        return Windows(
            depth[None],
            np.stack([step.proprioception for step in steps])[None],
            np.stack([step.actions.ravel() for step in steps])[None],
            np.array([steps[CONTEXT - 1].stamp]),
        )


def join(parts: Sequence[Windows]) -> Windows:
    """Concatenate windows into one batch."""
    return Windows(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Windows.__annotations__)
    )
