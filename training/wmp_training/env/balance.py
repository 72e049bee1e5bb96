"""Which terrains and levels robots should meet, from the success that was measured there.

A success that is neither certain nor impossible teaches most, so terrains and levels are weighted by
``floor + 4 p (1 - p)``, where p is the probability of success: ``1 + floor`` where half of the episodes pass,
``floor`` where all or none do. Nothing here draws random numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Share of the earlier episodes that still counts after each adaptation.
MEMORY = 0.5


def learnability(counts: Tensor, floor: float) -> Tensor:
    """Weight of every terrain and level [K, L] from ``counts`` [2, K, L] of finished and passed episodes.

    A level without an episode has p = 1/2 (rule of succession).
    """
    passed = (counts[1] + 1.0) / (counts[0] + 2.0)
    return floor + 4.0 * passed * (1.0 - passed)


def shares(weight: Tensor, kind: Tensor, level: Tensor, top: Tensor, configured: Tensor) -> Tensor:
    """Shares of the robots per kind [K], summing to 1.

    A kind counts with the mean ``weight`` [K, L] of the levels on which its robots are. Kinds with a single
    level, on which "passed" means little, and kinds that are switched off keep their ``configured``
    share [K].

    Args:
        kind, level: of every robot [N].
        top: last level of every kind [K].
    """
    robots = torch.bincount(kind, minlength=len(top))
    total = torch.zeros_like(configured).index_add_(0, kind, weight[kind, level])
    # A kind that has lost its last robot is judged by its first level.
    mean = torch.where(robots > 0, total / robots.clamp(min=1), weight[:, 0])
    adaptive = (top > 0) & (configured > 0)
    mean = mean * adaptive
    free = configured[adaptive].sum()
    return torch.where(adaptive, free * mean / mean.sum().clamp(min=1e-9), configured)


def robots_per_kind(share: Tensor, num_robots: int) -> Tensor:
    """Number of robots per kind [K] that comes closest to ``share`` [K]."""
    bounds = share.cumsum(0) / share.sum()
    position = (torch.arange(num_robots, device=share.device) + 0.5) / num_robots
    kind = torch.searchsorted(bounds, position).clamp(max=len(share) - 1)
    return torch.bincount(kind, minlength=len(share))


def reassigned(kind: Tensor, level: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Kind and level [N] of every robot, after as few moves as lead to ``wanted`` robots per kind [K].

    A robot that moves takes a level from the robots that are on its new terrain already, spread evenly over
    these; level 0 if there are none.
    """
    kind, level = kind.clone(), level.clone()
    excess = torch.bincount(kind, minlength=len(wanted)) - wanted
    donors = [torch.nonzero(kind == k).squeeze(-1)[:n] for k, n in enumerate(excess.tolist()) if n > 0]
    free = torch.cat(donors) if donors else torch.empty(0, dtype=torch.long, device=kind.device)
    present = {k: level[kind == k].sort().values for k, n in enumerate(excess.tolist()) if n < 0}
    for k, levels in present.items():
        count = -int(excess[k])
        robots, free = free[:count], free[count:]
        kind[robots] = k
        place = (torch.arange(count, device=kind.device) * 2 + 1) * len(levels) // (2 * count)
        level[robots] = levels[place] if len(levels) else 0
    return kind, level
