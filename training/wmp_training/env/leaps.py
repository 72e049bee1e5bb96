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
        pit: ground this far below the start is a pit, m.
    """

    #: From the base's middle to the ends of the trunk, and between which heights a flight counts [m].
    HALF_TRUNK, LOW, HIGH = 0.25, 0.1, 0.45
    #: What the front end must be higher above than the rear end to be over a box, and how high above its top
    #: the rear end counts [m].
    STEP, ABOVE = 0.2, 0.3

    def __init__(self, simulator: Simulator, terrains: Sequence[str], pit: float) -> None:
        self.sim, self.pit = simulator, pit
        self.leap, self.over_gaps = self._on("gap", terrains)
        _, self.on_boxes = self._on("climb", terrains)

    def _on(self, terrain: str, terrains: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Which robots are on ``terrain`` [N], and their numbers."""
        on = torch.tensor([name == terrain for name in terrains], device=self.sim.device)
        return on, torch.nonzero(on).squeeze(-1)

    def __call__(
        self, world: Tensor, hardest: Tensor, position: Tensor, gravity: Tensor, heading: Tensor
    ) -> Leap:
        """Of robots at ``position`` [N, 3] of their ``world``, with unit ``gravity`` [N, 3] in the base frame
        and ``heading`` [N] off the track, rad; ``hardest`` [N] level of their terrain."""
        level = self.sim.worlds.level[world] / hardest.clamp(min=1)
        flight = self.flight(world, position, gravity)
        return Leap(level * self.leap, level * flight, level * self.vault(world, position, gravity, heading))

    def flight(self, world: Tensor, position: Tensor, gravity: Tensor) -> Tensor:
        """How high the lower end of every robot's trunk is over a pit, beyond ``LOW`` [N], m."""
        flight = torch.zeros(len(world), device=world.device)
        x, y, z = position[self.over_gaps].unbind(-1)
        over_pit = self.sim.ground_height(world[self.over_gaps], x, y) < -self.pit
        lower_end = z - self.HALF_TRUNK * gravity[self.over_gaps, 0].abs()
        flight[self.over_gaps] = (lower_end.clamp(self.LOW, self.HIGH) - self.LOW) * over_pit
        return flight

    def vault(self, world: Tensor, position: Tensor, gravity: Tensor, heading: Tensor) -> Tensor:
        """How high the rear end of every robot's trunk is above the box that its front end is over already
        [N], m; ``heading`` off the track [N], rad."""
        vault = torch.zeros(len(world), device=world.device)
        robots = self.on_boxes
        x, y, z = position[robots].unbind(-1)
        nose_down = gravity[robots, 0]
        reach = self.HALF_TRUNK * (1.0 - nose_down.square()).clamp(min=0.0).sqrt() * heading[robots].cos()
        front, rear = (self.sim.ground_height(world[robots], end, y) for end in (x + reach, x - reach))
        above = z + self.HALF_TRUNK * nose_down - front
        vault[robots] = above.clamp(0.0, self.ABOVE) * (front - rear > self.STEP)
        return vault
