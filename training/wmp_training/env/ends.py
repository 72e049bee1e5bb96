"""When an episode ends: with a failure, or at the end of the track."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from wmp_training.env.config import EnvConfig
from wmp_training.env.end_terms import FAILURES, FINISHES, EndInputs


class Ends:
    """Applies the ends of ``end_terms.py`` that have a limit, after every control period.

    Args:
        track: robots on a track along +x [N]; the others are on open ground. May change in place.
        pits: robots whose track has pits [N]. May change in place.
    """

    STATE = ("trunk_time", "best_x", "idle_time")
    PROGRESS = 0.1
    WALKING = 0.15

    def __init__(self, config: EnvConfig, track: Tensor, pits: Tensor, control_period: float) -> None:
        self.config, self.track, self.pits, self.dt = config, track, pits, control_period
        self.trunk_time, self.best_x, self.idle_time = torch.zeros(3, len(track), device=track.device)

    def reset(self, robots: Tensor, x: Tensor) -> None:
        self.trunk_time[robots] = self.idle_time[robots] = 0.0
        self.best_x[robots] = x

    def __call__(
        self, position: Tensor, gravity: Tensor, trunk_contact: Tensor, speed: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Whether each robot failed, and whether it left the track without a failure [N].

        ``speed`` [N] is the commanded vx [m/s].
        """
        x = position[:, 0]
        self.trunk_time = torch.where(trunk_contact, self.trunk_time + self.dt, 0.0)
        advanced = (x > self.best_x + self.PROGRESS) | (speed < self.WALKING) | ~self.track
        self.best_x = torch.where(advanced, x, self.best_x)
        self.idle_time = torch.where(advanced, 0.0, self.idle_time + self.dt)
        now = EndInputs(position, gravity, self.trunk_time, self.idle_time, self.track, self.pits)
        failed, left = torch.zeros_like(self.track), torch.zeros_like(self.track)
        for name, limit in self.config.ends:
            if math.isinf(limit):
                continue
            if name in FAILURES:
                failed = failed | FAILURES[name](now, limit)
            else:
                left = left | FINISHES[name](now, limit)
        return failed, left & ~failed
