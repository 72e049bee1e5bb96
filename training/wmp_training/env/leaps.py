"""What robots on gaps are paid for: to come with a run-up, and to fly high over a pit."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from wmp_training.sim.backend import Simulator


class Leaps:
    """Looks at the robots whose terrain is a track of gaps.

    Args:
        terrains: name of every robot's terrain kind, N of them.
        pit: ground this far below the start is a pit, m.
    """

    TERRAIN = "gap"
    #: From the base's middle to the ends of the trunk, and between which heights a flight counts [m].
    HALF_TRUNK, LOW, HIGH = 0.25, 0.1, 0.45

    def __init__(self, simulator: Simulator, terrains: Sequence[str], pit: float) -> None:
        self.sim, self.pit = simulator, pit
        leap = [name == self.TERRAIN for name in terrains]
        self.leap = torch.tensor(leap, device=simulator.device)
        self.robots = torch.nonzero(self.leap).squeeze(-1)

    def run_up(self, world: Tensor, hardest: Tensor) -> Tensor:
        """How much of the run-up before the widest gaps those in every robot's ``world`` ask for [N]: its
        level, of the ``hardest`` of its terrain."""
        return self.sim.worlds.level[world] / hardest.clamp(min=1) * self.leap

    def flight(self, world: Tensor, position: Tensor, gravity: Tensor) -> Tensor:
        """How high the lower end of every robot's trunk is over a pit, beyond ``LOW`` [N], m."""
        flight = torch.zeros(len(world), device=world.device)
        x, y, z = position[self.robots].unbind(-1)
        over_pit = self.sim.ground_height(world[self.robots], x, y) < -self.pit
        lower_end = z - self.HALF_TRUNK * gravity[self.robots, 0].abs()
        flight[self.robots] = (lower_end.clamp(self.LOW, self.HIGH) - self.LOW) * over_pit
        return flight
