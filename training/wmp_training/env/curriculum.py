"""Terrain levels: harder after success, easier after failure."""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_training.sim.backend import Worlds


class Curriculum:
    """Keeps each robot on its terrain kind and moves its level.

    Args:
        worlds: what there is to be placed on.
        shares: share of the robots on each kind, in the order of ``worlds.names``.
        num_robots: robots, assigned to kinds in blocks.
    """

    PROMOTION_DISTANCE = 4.0
    DEMOTION_SHARE = 0.5
    MIN_COMMANDED = 2.0

    def __init__(self, worlds: Worlds, shares: tuple[float, ...], num_robots: int) -> None:
        bounds = torch.tensor(shares).cumsum(0) / sum(shares)
        self.worlds = worlds
        position = (torch.arange(num_robots) + 0.5) / num_robots
        self.kind = torch.searchsorted(bounds, position).clamp(max=len(shares) - 1)
        self.level = torch.zeros(num_robots, dtype=torch.long)
        self.top = torch.stack([worlds.level[worlds.kind == k].max() for k in range(len(worlds.names))])
        self._members = {
            (k, level): torch.nonzero((worlds.kind == k) & (worlds.level == level)).squeeze(-1)
            for k in range(len(worlds.names))
            for level in range(int(self.top[k]) + 1)
        }

    def update(self, robots: Tensor, distance: Tensor, commanded: Tensor) -> None:
        """Move the levels of ``robots`` whose episode ended, given metres made and commanded; all [M]."""
        top = self.top[self.kind[robots]]
        up = distance > self.PROMOTION_DISTANCE
        down = (commanded > self.MIN_COMMANDED) & (distance < self.DEMOTION_SHARE * commanded) & ~up
        level = (self.level[robots] + up.long() - down.long()).clamp(min=0)
        anywhere = (torch.rand(len(robots)) * (top + 1)).long()
        self.level[robots] = torch.where(level > top, anywhere, level)

    def draw(self, robots: Tensor) -> Tensor:
        """A world of each robot's kind and level [M]."""
        chosen = [self._members[int(self.kind[r]), int(self.level[r])] for r in robots]
        return torch.stack([m[torch.randint(len(m), ())] for m in chosen]) if chosen else robots

    def mean_levels(self) -> dict[str, float]:
        """Mean level of each kind that has more than one."""
        return {
            name: self.level[self.kind == k].float().mean().item()
            for k, name in enumerate(self.worlds.names)
            if self.top[k] > 0 and (self.kind == k).any()
        }
