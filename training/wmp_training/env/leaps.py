"""Reward input on gaps: how high a robot flies over a pit."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from wmp_training.sim.backend import Simulator


class Leaps:
    """Measures the robots on tracks of gaps.

    Args:
        names: of the terrain kinds.
        terrain: kind of the terrain on which each robot is [N], an index into ``names``; may change in place.
        hardest: last level of each kind [K].
        pit: ground this far below the start is a pit [m].
    """

    #: Distance from the base's origin to the ends of the trunk; heights between which flight counts [m].
    HALF_TRUNK, LOW, HIGH = 0.25, 0.1, 0.45

    def __init__(
        self, simulator: Simulator, names: Sequence[str], terrain: Tensor, hardest: Tensor, pit: float
    ) -> None:
        self.sim, self.terrain, self.pit, self.hardest = simulator, terrain, pit, hardest.clamp(min=1)
        self._gaps = torch.tensor([name == "gap" for name in names], device=simulator.device)

    def __call__(self, world: Tensor, position: Tensor, gravity: Tensor) -> Tensor:
        """Height of the lower end of the trunk above ``LOW`` while over a pit, else 0 [N], m.

        It is proportional to the level (1: the last of the terrain).

        Args:
            world: world of each robot [N].
            position: of the base [N, 3], m, world frame.
            gravity: unit gravity in the base frame [N, 3].
        """
        flight = torch.zeros(len(world), device=world.device)
        robots = torch.nonzero(self._gaps[self.terrain]).squeeze(-1)
        x, y, z = position[robots].unbind(-1)
        over_pit = self.sim.ground_height(world[robots], x, y) < -self.pit
        lower_end = z - self.HALF_TRUNK * gravity[robots, 0].abs()
        level = self.sim.worlds.level[world[robots]] / self.hardest[self.terrain[robots]]
        flight[robots] = (lower_end.clamp(self.LOW, self.HIGH) - self.LOW) * over_pit * level
        return flight
