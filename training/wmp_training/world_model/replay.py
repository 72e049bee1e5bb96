"""Replay buffer of world-model steps, from which training sequences are drawn."""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_training.device import CPU
from wmp_training.world_model.world_model import Sequences


class SequenceReplay:
    """Ring buffer of consecutive world-model steps of every robot.

    Robots write at their own ticks, so each row has its own length. A sequence consists of consecutive steps
    of one robot and may cross resets, which ``is_first`` marks. Depth is stored in half precision (resolution
    better than 0.5 mm, finer than the sensor's). All tensors are on ``device``, and so must be the generators
    given to :meth:`sample`.
    """

    STATE = ("depth", "proprioception", "actions", "is_first", "written", "surroundings")

    def __init__(
        self,
        num_robots: int,
        capacity: int,
        image: tuple[int, int],
        proprioception: int,
        actions: int,
        surroundings: int = 0,
        device: torch.device = CPU,
    ) -> None:
        self.capacity, self.device = capacity, device
        self.depth = torch.zeros(num_robots, capacity, *image, dtype=torch.float16, device=device)
        self.proprioception = torch.zeros(num_robots, capacity, proprioception, device=device)
        self.actions = torch.zeros(num_robots, capacity, actions, device=device)
        self.is_first = torch.zeros(num_robots, capacity, device=device)
        maps = num_robots, capacity, surroundings
        self.surroundings = torch.zeros(maps, dtype=torch.float16, device=device)
        self.written = torch.zeros(num_robots, dtype=torch.long, device=device)

    def state_dict(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in self.STATE}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        for name in state:
            getattr(self, name).copy_(state[name])

    @property
    def size(self) -> int:
        """Number of stored steps."""
        return int(self.written.clamp(max=self.capacity).sum())

    def holds(self, length: int) -> bool:
        """Whether any robot has at least ``length`` stored steps."""
        return bool((self.written.clamp(max=self.capacity) >= length).any())

    def add(
        self,
        robots: Tensor,
        depth: Tensor,
        proprioception: Tensor,
        actions: Tensor,
        is_first: Tensor,
        surroundings: Tensor | None = None,
    ) -> None:
        """Append one step for each of ``robots`` [M], all distinct; the other arguments are [M, ...]."""
        slot = self.written[robots] % self.capacity
        self.depth[robots, slot] = depth.to(torch.float16)
        self.proprioception[robots, slot] = proprioception
        self.actions[robots, slot] = actions
        self.is_first[robots, slot] = is_first.float()
        if surroundings is not None:
            self.surroundings[robots, slot] = surroundings.to(torch.float16)
        self.written[robots] += 1

    def sample(self, batch: int, length: int, generator: torch.Generator | None = None) -> Sequences | None:
        """Draw ``batch`` sequences of ``length`` steps; None while no robot has that many.

        The first step of each is marked as the first of an episode, because its past is unknown.
        """
        able = torch.nonzero(self.written.clamp(max=self.capacity) >= length).squeeze(-1)
        if len(able) == 0:
            return None
        robots = able[torch.randint(len(able), (batch,), generator=generator, device=self.device)]
        oldest = (self.written[robots] - self.capacity).clamp(min=0)
        choices = self.written[robots] - length - oldest + 1
        draw = torch.rand(batch, generator=generator, device=self.device)
        start = oldest + (draw * choices).long()
        slots = (start[:, None] + torch.arange(length, device=self.device)) % self.capacity
        rows = robots[:, None].expand_as(slots)
        is_first = self.is_first[rows, slots]
        is_first[:, 0] = 1.0
        return Sequences(
            self.depth[rows, slots].float(),
            self.proprioception[rows, slots],
            self.actions[rows, slots],
            is_first,
            self.surroundings[rows, slots].float(),
        )
