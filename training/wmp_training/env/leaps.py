"""What robots on gaps and boxes are paid for: to come with a run-up, to fly high over a pit, to bring the
hind legs up as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from wmp_training.sim.backend import Simulator


class Leap(NamedTuple):
    """Of every robot [N], in proportion to its level among those of its terrain: how much of a run-up its
    gaps ask for (1: the widest), how high it flies over them, how high its rear end is above a box [m]."""

    run_up: Tensor
    flight: Tensor
    vault: Tensor


class Leaps:
    """Looks at the robots whose terrain is a track of gaps or of boxes.

    Args:
        terrains: name of every robot's terrain kind, N of them.
        hardest: last level of each robot's terrain [N].
        pit: ground this far below the start is a pit, m.
    """

    #: From the base's middle to the ends of the trunk, and between which heights a flight counts [m].
    HALF_TRUNK, LOW, HIGH = 0.25, 0.1, 0.45
    #: What the front end must be higher above than the rear end to be over a box, and how high above its top
    #: the rear end counts [m].
    STEP, ABOVE = 0.2, 0.3

    def __init__(self, simulator: Simulator, terrains: Sequence[str], hardest: Tensor, pit: float) -> None:
        self.sim, self.pit, self.hardest = simulator, pit, hardest.clamp(min=1)
        self.on_gaps, on_boxes = (
            torch.tensor([name == terrain for name in terrains], device=simulator.device)
            for terrain in ("gap", "climb")
        )
        self.gap_robots, self.box_robots = (torch.nonzero(on).squeeze(-1) for on in (self.on_gaps, on_boxes))

    def __call__(self, world: Tensor, position: Tensor, gravity: Tensor, heading: Tensor) -> Leap:
        """Of robots at ``position`` [N, 3] of their ``world`` [N], with unit ``gravity`` [N, 3] in the base
        frame and ``heading`` [N] off the track, rad."""
        level = self.sim.worlds.level[world] / self.hardest
        flight = self.flight(world, position, gravity)
        vault = self.vault(world, position, gravity, heading)
        return Leap(level * self.on_gaps, level * flight, level * vault)

    def flight(self, world: Tensor, position: Tensor, gravity: Tensor) -> Tensor:
        """How high the lower end of every robot's trunk is over a pit, beyond ``LOW`` [N], m."""
        flight = torch.zeros(len(world), device=world.device)
        x, y, z = position[self.gap_robots].unbind(-1)
        over_pit = self.sim.ground_height(world[self.gap_robots], x, y) < -self.pit
        lower_end = z - self.HALF_TRUNK * gravity[self.gap_robots, 0].abs()
        flight[self.gap_robots] = (lower_end.clamp(self.LOW, self.HIGH) - self.LOW) * over_pit
        return flight

    def vault(self, world: Tensor, position: Tensor, gravity: Tensor, heading: Tensor) -> Tensor:
        """How high the rear end of every robot's trunk is above the box that its front end is over already
        [N], m; ``heading`` off the track [N], rad."""
        vault = torch.zeros(len(world), device=world.device)
        robots = self.box_robots
        x, y, z = position[robots].unbind(-1)
        nose_down = gravity[robots, 0]
        reach = self.HALF_TRUNK * (1.0 - nose_down.square()).clamp(min=0.0).sqrt() * heading[robots].cos()
        front, rear = (self.sim.ground_height(world[robots], end, y) for end in (x + reach, x - reach))
        above = z + self.HALF_TRUNK * nose_down - front
        vault[robots] = above.clamp(0.0, self.ABOVE) * (front - rear > self.STEP)
        return vault
