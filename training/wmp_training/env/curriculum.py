"""Terrain curriculum: harder levels after success, easier ones after failure, some revisited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from wmp_training.env.config import CurriculumConfig
from wmp_training.sim.backend import Worlds

DEFAULT = CurriculumConfig()


class Curriculum:
    """Assigns each robot a terrain kind, adapts its level, and counts successes per kind and level.

    An episode is a success if it covers the promotion distance and does not end in a failure.

    Args:
        worlds: the compiled worlds.
        shares: shares of the robots per kind of ``worlds``, relative to one another.
        num_robots: number of robots, assigned to kinds in blocks.
        kinds: kind of every robot [N], instead of ``shares``.
    """

    def __init__(
        self,
        worlds: Worlds,
        shares: Mapping[str, float],
        num_robots: int,
        config: CurriculumConfig = DEFAULT,
        kinds: Tensor | None = None,
    ) -> None:
        self.worlds, self.config, self.device = worlds, config, worlds.kind.device
        bounds = self._bounds(worlds.names, shares)
        position = (torch.arange(num_robots) + 0.5) / num_robots
        by_share = torch.searchsorted(bounds, position).clamp(max=len(bounds) - 1)
        self.kind = (by_share if kinds is None else kinds).to(self.device)
        self.level = torch.zeros_like(self.kind)
        self.top = torch.stack([worlds.level[worlds.kind == k].max() for k in range(len(worlds.names))])
        # Worlds are drawn robot by robot, which is cheap on the CPU only.
        kind_of, level_of = worlds.kind.cpu(), worlds.level.cpu()
        self._members = {
            (k, level): torch.nonzero((kind_of == k) & (level_of == level)).squeeze(-1)
            for k, top in enumerate(self.top.tolist())
            for level in range(top + 1)
        }
        self._counts = torch.zeros(2, len(worlds.names), int(self.top.max()) + 1, device=self.device)

    @staticmethod
    def _bounds(names: Sequence[str], shares: Mapping[str, float]) -> Tensor:
        """Cumulative shares of the kinds [K], up to 1."""
        values = [shares.get(name, 0.0) for name in names]
        if min(values) < 0 or not sum(values) > 0 or not set(shares).issuperset(names):
            raise ValueError(
                f"terrain_shares are {dict(shares)}, expected one of at least 0 for each {names}"
            )
        return torch.tensor(values).cumsum(0) / sum(values)

    def update(
        self, robots: Tensor, world: Tensor, distance: Tensor, commanded: Tensor, failed: Tensor
    ) -> None:
        """Adapt the levels of ``robots`` whose episode ended.

        An episode below the robot's level is counted but changes no level.

        Args:
            robots: indices [M].
            world: world of the episode [M].
            distance, commanded: covered and commanded distance [M], m.
            failed: whether the episode ended in a failure [M].
        """
        config, top, own = self.config, self.top[self.kind[robots]], self.level[robots]
        level = self.worlds.level[world]
        up = distance > config.promotion
        slow = (commanded > config.min_commanded) & (distance < config.demotion_share * commanded)
        down = (slow | (failed & (distance < config.failure))) & ~up
        passed = up & ~failed
        one = torch.ones_like(distance)
        self._counts[0].index_put_((self.kind[robots], level), one, accumulate=True)
        self._counts[1].index_put_((self.kind[robots], level), passed.float(), accumulate=True)
        moved = (level + up.long() - down.long()).clamp(min=0)
        lowest = top.clamp(max=config.redraw_from)
        anywhere = lowest + (torch.rand_like(distance) * (top - lowest + 1)).long()
        self.level[robots] = torch.where(level < own, own, torch.where(moved > top, anywhere, moved))

    def draw(self, robots: Tensor) -> Tensor:
        """Draw a world [M] of each robot's kind, at its level or, if it revisits, at an easier one."""
        own = self.level[robots]
        below = (torch.rand(len(robots), device=self.device) * (own + 1)).long()
        level = torch.where(torch.rand(len(robots), device=self.device) < self.config.revisit, below, own)
        places = zip(self.kind[robots].tolist(), level.tolist(), strict=True)
        chosen = [self._members[place] for place in places]
        worlds = [int(m[torch.randint(len(m), ())]) for m in chosen]
        return torch.tensor(worlds, dtype=torch.long, device=self.device)

    def adopt(self, level: Tensor, spread: bool = False) -> None:
        """Take over the levels of another run [M] with the same terrains.

        With another number of robots or other shares, a robot may take the level of one on another terrain,
        but at most its own terrain's last. With ``spread``, each robot starts at a random level up to that.
        """
        place = (torch.arange(len(self.level)) + 0.5) / len(self.level) * len(level)
        adopted = torch.minimum(level[place.long()], self.top[self.kind].cpu())
        self.level = (torch.rand(len(adopted)) * (adopted + 1)).long() if spread else adopted
        self.level = self.level.to(self.device)

    def mean_levels(self) -> dict[str, float]:
        """Mean level of each kind with more than one level."""
        return {
            name: self.level[self.kind == k].float().mean().item()
            for k, name in enumerate(self.worlds.names)
            if self.top[k] > 0 and (self.kind == k).any()
        }

    def take_counts(self) -> dict[str, dict[str, list[int]]]:
        """Number of episodes finished and passed per level of each kind, since the last call."""
        counts, self._counts = self._counts.long().tolist(), torch.zeros_like(self._counts)
        return {
            name: {"finished": counts[0][k][: top + 1], "passed": counts[1][k][: top + 1]}
            for k, (name, top) in enumerate(zip(self.worlds.names, self.top.tolist(), strict=True))
            if top > 0
        }
