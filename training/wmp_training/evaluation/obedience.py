"""Whether a robot walks as commanded: its mean speed, and how often its legs hit the track.

A robot may leap at its own speed, so the speed of a track with gaps or boxes is the mean between them:
nearer than ``LEAP_REACH`` to a gap or box it does not count. There it may exceed the command by
``SPEED_AMONG_LEAPS``; everywhere else the whole walk counts, within ``SPEED_ERROR`` of the command.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from wmp_sim.terrain import Terrain
from wmp_sim.terrain.climb import LENGTH
from wmp_sim.terrain.track import ACROSS
from wmp_training.evaluation.finish import pits

#: Largest mean speed above the command between gaps and boxes, and error of the mean speed elsewhere, m/s.
SPEED_AMONG_LEAPS, SPEED_ERROR = 0.4, 0.15
#: The run-up before a gap or box and the landing beyond it [m], which a leap needs.
LEAP_REACH = 0.5
#: Most new contacts of thighs and calves per metre.
CONTACT_BUDGET = 6.0


def leaps(terrain: Terrain) -> list[tuple[float, float]]:
    """Begin and end [m] along the track of every gap and box to leap."""
    return [*pits(terrain), *_boxes_to_climb(terrain)]


def _boxes_to_climb(terrain: Terrain) -> list[tuple[float, float]]:
    """Boxes that stand on level ground across the track and are long enough to stand on."""
    if terrain.name not in ("climb", "course"):
        return []
    low = terrain.boxes.centre - terrain.boxes.half_size
    high = terrain.boxes.centre + terrain.boxes.half_size
    across = (low[:, 1] <= ACROSS[0]) & (high[:, 1] >= ACROSS[1])
    # Steps are shorter, bars hang above the ground, and the ground itself reaches down into the pit.
    climbed = across & (low[:, 2] == 0.0) & (high[:, 0] - low[:, 0] >= LENGTH[0] - 1e-6)
    return [(float(a), float(b)) for a, b in zip(low[climbed, 0], high[climbed, 0], strict=True)]


def leap_zones(terrains: Sequence[Terrain]) -> Tensor:
    """Begin and end of every zone whose speed does not count [N, Z, 2], m, padded with infinity."""
    found = [leaps(terrain) for terrain in terrains]
    zones = torch.full((len(terrains), max(1, *map(len, found)), 2), torch.inf)
    for row, spans in zip(zones, found, strict=True):
        for zone, (begin, end) in zip(row, spans, strict=False):
            zone[:] = torch.tensor([begin - LEAP_REACH, end + LEAP_REACH])
    return zones


def obeys_speed(mean_speed: float, command: float, has_leaps: bool) -> bool:
    """Whether ``mean_speed`` is as commanded [m/s]; unknown (NaN) is."""
    if math.isnan(mean_speed):
        return True
    if has_leaps:
        return mean_speed <= command + SPEED_AMONG_LEAPS
    return abs(mean_speed - command) <= SPEED_ERROR
