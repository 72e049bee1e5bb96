"""Terrain curriculum: harder levels after success, easier ones after failure, some revisited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from wmp_training.env.balance import MEMORY, learnability, reassigned, robots_per_kind, shares
from wmp_training.env.config import CurriculumConfig
from wmp_training.sim.backend import Worlds

DEFAULT = CurriculumConfig()


class Curriculum:
    """Assigns each robot a terrain kind and a level, and counts successes per kind and level.

    An episode is a success if it covers the promotion distance and does not end in a failure. With
    ``config.rebalance``, shares of the kinds and the levels of revisits follow the measured success.

    Args:
        worlds: the compiled worlds.
        terrain_shares: of the robots per kind of ``worlds``, relative to one another.
        num_robots: number of robots, assigned to kinds in blocks.
        kinds: kind of every robot [N], instead of ``terrain_shares``.

    Attributes:
        measured: finished and passed episodes [2, K, L], where earlier ones count less.
        rollouts: number of rollouts since the last adaptation.
    """

    STATE = ("kind", "level", "measured", "rollouts")

    def __init__(
        self,
        worlds: Worlds,
        terrain_shares: Mapping[str, float],
        num_robots: int,
        config: CurriculumConfig = DEFAULT,
        kinds: Tensor | None = None,
    ) -> None:
        self.worlds, self.config, self.device = worlds, config, worlds.kind.device
        self._configured = self._normalised(worlds.names, terrain_shares)
        by_share = torch.arange(len(worlds.names)).repeat_interleave(
            robots_per_kind(self._configured, num_robots)
        )
        self._configured = self._configured.to(self.device)
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
        shape = 2, len(worlds.names), int(self.top.max()) + 1
        self._counts, self.measured = torch.zeros(2, *shape, device=self.device)
        self.rollouts = torch.zeros((), dtype=torch.long, device=self.device)

    @staticmethod
    def _normalised(names: Sequence[str], terrain_shares: Mapping[str, float]) -> Tensor:
        """Shares of the kinds [K], summing to 1."""
        values = [terrain_shares.get(name, 0.0) for name in names]
        if min(values) < 0 or not sum(values) > 0 or not set(terrain_shares).issuperset(names):
            raise ValueError(
                f"terrain_shares are {dict(terrain_shares)}, expected one of at least 0 for each {names}"
            )
        return torch.tensor(values) / sum(values)

    def end_rollout(self) -> None:
        """Adapt the shares of the kinds, if it is time. A robot moves when its episode ends."""
        self.rollouts = self.rollouts + 1
        if not 0 < self.config.rebalance <= int(self.rollouts):
            return
        weight = learnability(self.measured, self.config.floor)
        share = shares(weight, self.kind, self.level, self.top, self._configured)
        wanted = robots_per_kind(share, len(self.kind))
        self.kind, self.level = reassigned(self.kind, self.level, wanted)
        self.measured = self.measured * MEMORY
        self.rollouts = torch.zeros_like(self.rollouts)

    def update(
        self, robots: Tensor, world: Tensor, distance: Tensor, commanded: Tensor, failed: Tensor
    ) -> None:
        """Adapt the levels of ``robots`` whose episode ended.

        An episode below the robot's level, or on a terrain that the robot has left since, is counted but
        changes no level.

        Args:
            robots: indices [M].
            world: world of the episode [M].
            distance, commanded: covered and commanded distance [M], m.
            failed: whether the episode ended in a failure [M].
        """
        config, top, own = self.config, self.top[self.kind[robots]], self.level[robots]
        kind, level = self.worlds.kind[world], self.worlds.level[world]
        up = distance > config.promotion
        slow = (commanded > config.min_commanded) & (distance < config.demotion_share * commanded)
        down = (slow | (failed & (distance < config.failure))) & ~up
        passed = up & ~failed
        one = torch.ones_like(distance)
        for counts in (self._counts, self.measured):
            counts[0].index_put_((kind, level), one, accumulate=True)
            counts[1].index_put_((kind, level), passed.float(), accumulate=True)
        moved = (level + up.long() - down.long()).clamp(min=0)
        lowest = top.clamp(max=config.redraw_from)
        anywhere = lowest + (torch.rand_like(distance) * (top - lowest + 1)).long()
        keeps = (level < own) | (kind != self.kind[robots])
        self.level[robots] = torch.where(keeps, own, torch.where(moved > top, anywhere, moved))

    def draw(self, robots: Tensor) -> Tensor:
        """Draw a world [M] of each robot's kind, at its level or, if it revisits, at an easier one."""
        own = self.level[robots]
        below = self._draw_level(self.kind[robots], own)
        level = torch.where(torch.rand(len(robots), device=self.device) < self.config.revisit, below, own)
        places = zip(self.kind[robots].tolist(), level.tolist(), strict=True)
        chosen = [self._members[place] for place in places]
        worlds = [int(m[torch.randint(len(m), ())]) for m in chosen]
        return torch.tensor(worlds, dtype=torch.long, device=self.device)

    def _draw_level(self, kind: Tensor, own: Tensor) -> Tensor:
        """Levels [M] up to ``own`` [M] of robots on ``kind`` [M]; adapted, more where learning happens."""
        draw = torch.rand(len(own), device=self.device)
        if not self.config.rebalance:
            return (draw * (own + 1)).long()
        weight = learnability(self.measured, self.config.floor)[kind]
        weight = weight * (torch.arange(weight.shape[1], device=self.device) <= own[:, None])
        bounds = weight.cumsum(-1)
        level = torch.searchsorted(bounds, draw[:, None] * bounds[:, -1:], right=True).squeeze(-1)
        return torch.minimum(level, own)

    def adopt(self, level: Tensor, kind: Tensor | None = None, spread: bool = False) -> None:
        """Take over the levels of another run [M] with the same terrains.

        With ``kind`` [M] of its robots, a robot takes the level of one on its own terrain. Older checkpoints
        have none: then, with another number of robots or other shares, it may take the level of one on
        another terrain, but at most its own terrain's last. With ``spread``, each robot starts at a random
        level up to that.
        """
        place = ((torch.arange(len(self.level)) + 0.5) / len(self.level) * len(level)).long()
        if kind is not None:
            place = self._places_by_kind(place, kind)
        adopted = torch.minimum(level[place], self.top[self.kind].cpu())
        self.level = (torch.rand(len(adopted)) * (adopted + 1)).long() if spread else adopted
        self.level = self.level.to(self.device)

    def _places_by_kind(self, place: Tensor, kind: Tensor) -> Tensor:
        """Indices [N] of robots on the same kind among the other run's [M], spread evenly over these."""
        place, own = place.clone(), self.kind.cpu()
        for k in own.unique().tolist():
            there, here = torch.nonzero(kind == k).squeeze(-1), torch.nonzero(own == k).squeeze(-1)
            if len(there):
                place[here] = there[torch.arange(len(here)) * len(there) // len(here)]
        return place

    def state_dict(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in self.STATE}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        for name in self.STATE:
            setattr(self, name, state[name].to(self.device))

    def shares(self) -> dict[str, float]:
        """Share of the robots on each kind."""
        count = torch.bincount(self.kind, minlength=len(self.worlds.names)).tolist()
        return {name: n / len(self.kind) for name, n in zip(self.worlds.names, count, strict=True)}

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
