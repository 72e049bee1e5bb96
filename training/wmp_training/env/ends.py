"""When an episode ends: with a failure, or at the end of the track."""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_training.env.config import EndConfig


class Ends:
    """Decides after every control period which episodes end.

    Args:
        track: robots on a track along +x [N]; the others are on open ground.
        pits: robots whose track has pits [N].
    """

    STATE = ("trunk_time", "best_x", "idle_time")
    PROGRESS = 0.1
    WALKING = 0.15

    def __init__(self, config: EndConfig, track: Tensor, pits: Tensor, control_period: float) -> None:
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
        config = self.config
        x, y, z = position.unbind(-1)
        self.trunk_time = torch.where(trunk_contact, self.trunk_time + self.dt, 0.0)
        advanced = (x > self.best_x + self.PROGRESS) | (speed < self.WALKING) | ~self.track
        self.best_x = torch.where(advanced, x, self.best_x)
        self.idle_time = torch.where(advanced, 0.0, self.idle_time + self.dt)
        fallen = (gravity[:, 2] > config.upright) | (self.trunk_time > config.trunk_contact)
        fallen |= (self.idle_time > config.stuck) | (self.pits & (z < -config.pit))
        through = self.track & (x > config.track_x[1])
        aside = self.track & ((x < config.track_x[0]) | (y.abs() > config.track_y))
        if config.sideways_fails:
            return fallen | aside, through & ~(fallen | aside)
        return fallen, (through | aside) & ~fallen
