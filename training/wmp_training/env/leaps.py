"""Reward inputs on gaps and boxes: run-up, flight over a pit, and lifting the rear onto a box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from wmp_training.sim.backend import Simulator


class Leap(NamedTuple):
    """For every robot [N], each proportional to its level (1: the last of its terrain).

    ``run_up``: weight of a run-up on gaps. ``flight``: height of the trunk over a pit [m]. ``vault``: height
    of the trunk's rear end over a box [m].
    """

    run_up: Tensor
    flight: Tensor
    vault: Tensor


class Leaps:
    """Measures the robots on tracks of gaps or boxes.

    Args:
        names: of the terrain kinds.
        terrain: kind of the terrain on which each robot is [N], an index into ``names``; may change in place.
        hardest: last level of each kind [K].
        pit: ground this far below the start is a pit [m].
    """

    #: Distance from the base's origin to the ends of the trunk; heights between which flight counts [m].
    HALF_TRUNK, LOW, HIGH = 0.25, 0.1, 0.45
    #: The front end is over a box if its ground is this much higher than the rear end's; height above the box
    #: at which the rear end's reward saturates [m].
    STEP, ABOVE = 0.2, 0.3

    def __init__(
        self, simulator: Simulator, names: Sequence[str], terrain: Tensor, hardest: Tensor, pit: float
    ) -> None:
        self.sim, self.terrain, self.pit, self.hardest = simulator, terrain, pit, hardest.clamp(min=1)
        self._gaps, self._boxes = (
            torch.tensor([name == kind for name in names], device=simulator.device)
            for kind in ("gap", "climb")
        )

    def __call__(self, world: Tensor, position: Tensor, gravity: Tensor, heading: Tensor) -> Leap:
        """Measure all robots.

        Args:
            world: world of each robot [N].
            position: of the base [N, 3], m, world frame.
            gravity: unit gravity in the base frame [N, 3].
            heading: yaw relative to the track [N], rad.
        """
        level = self.sim.worlds.level[world] / self.hardest[self.terrain]
        flight = self.flight(world, position, gravity)
        vault = self.vault(world, position, gravity, heading)
        return Leap(level * self._gaps[self.terrain], level * flight, level * vault)

    def flight(self, world: Tensor, position: Tensor, gravity: Tensor) -> Tensor:
        """Height of the lower end of the trunk above ``LOW`` while over a pit, else 0 [N], m."""
        flight = torch.zeros(len(world), device=world.device)
        robots = torch.nonzero(self._gaps[self.terrain]).squeeze(-1)
        x, y, z = position[robots].unbind(-1)
        over_pit = self.sim.ground_height(world[robots], x, y) < -self.pit
        lower_end = z - self.HALF_TRUNK * gravity[robots, 0].abs()
        flight[robots] = (lower_end.clamp(self.LOW, self.HIGH) - self.LOW) * over_pit
        return flight

    def vault(self, world: Tensor, position: Tensor, gravity: Tensor, heading: Tensor) -> Tensor:
        """Height of the trunk's rear end above the box that its front end has reached, else 0 [N], m."""
        vault = torch.zeros(len(world), device=world.device)
        robots = torch.nonzero(self._boxes[self.terrain]).squeeze(-1)
        x, y, z = position[robots].unbind(-1)
        nose_down = gravity[robots, 0]
        reach = self.HALF_TRUNK * (1.0 - nose_down.square()).clamp(min=0.0).sqrt() * heading[robots].cos()
        front, rear = (self.sim.ground_height(world[robots], end, y) for end in (x + reach, x - reach))
        above = z + self.HALF_TRUNK * nose_down - front
        vault[robots] = above.clamp(0.0, self.ABOVE) * (front - rear > self.STEP)
        return vault
