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
        terrains: name of every robot's terrain kind, N of them.
        hardest: last level of each robot's terrain [N].
        pit: ground this far below the start is a pit [m].
    """

    #: Distance from the base's origin to the ends of the trunk; heights between which flight counts [m].
    HALF_TRUNK, LOW, HIGH = 0.25, 0.1, 0.45
    #: The front end is over a box if its ground is this much higher than the rear end's; height above the box
    #: at which the rear end's reward saturates [m].
    STEP, ABOVE = 0.2, 0.3

    def __init__(self, simulator: Simulator, terrains: Sequence[str], hardest: Tensor, pit: float) -> None:
        self.sim, self.pit, self.hardest = simulator, pit, hardest.clamp(min=1)
        self.on_gaps, on_boxes = (
            torch.tensor([name == terrain for name in terrains], device=simulator.device)
            for terrain in ("gap", "climb")
        )
        self.gap_robots, self.box_robots = (torch.nonzero(on).squeeze(-1) for on in (self.on_gaps, on_boxes))

    def __call__(self, world: Tensor, position: Tensor, gravity: Tensor, heading: Tensor) -> Leap:
        """Measure all robots.

        Args:
            world: world of each robot [N].
            position: of the base [N, 3], m, world frame.
            gravity: unit gravity in the base frame [N, 3].
            heading: yaw relative to the track [N], rad.
        """
        level = self.sim.worlds.level[world] / self.hardest
        flight = self.flight(world, position, gravity)
        vault = self.vault(world, position, gravity, heading)
        return Leap(level * self.on_gaps, level * flight, level * vault)

    def flight(self, world: Tensor, position: Tensor, gravity: Tensor) -> Tensor:
        """Height of the lower end of the trunk above ``LOW`` while over a pit, else 0 [N], m."""
        flight = torch.zeros(len(world), device=world.device)
        x, y, z = position[self.gap_robots].unbind(-1)
        over_pit = self.sim.ground_height(world[self.gap_robots], x, y) < -self.pit
        lower_end = z - self.HALF_TRUNK * gravity[self.gap_robots, 0].abs()
        flight[self.gap_robots] = (lower_end.clamp(self.LOW, self.HIGH) - self.LOW) * over_pit
        return flight

    def vault(self, world: Tensor, position: Tensor, gravity: Tensor, heading: Tensor) -> Tensor:
        """Height of the trunk's rear end above the box that its front end has reached, else 0 [N], m."""
        vault = torch.zeros(len(world), device=world.device)
        robots = self.box_robots
        x, y, z = position[robots].unbind(-1)
        nose_down = gravity[robots, 0]
        reach = self.HALF_TRUNK * (1.0 - nose_down.square()).clamp(min=0.0).sqrt() * heading[robots].cos()
        front, rear = (self.sim.ground_height(world[robots], end, y) for end in (x + reach, x - reach))
        above = z + self.HALF_TRUNK * nose_down - front
        vault[robots] = above.clamp(0.0, self.ABOVE) * (front - rear > self.STEP)
        return vault
