"""Bars to crawl under."""

from __future__ import annotations

import numpy as np

from .geometry import Boxes, Span, Terrain
from .track import ACROSS, first_obstacle, lerp

#: Clearance under the bar at difficulty 0 and 1, range of its depth along the track [m].
CLEARANCE = (0.35, 0.20)
DEPTH = (0.2, 0.4)
#: Upper edge of the bar, too high to leap over; range of the ground between bars [m].
TOP = 1.2
SPACING = (1.2, 2.2)
BARS = 3


def crawl(difficulty: float, rng: np.random.Generator) -> Terrain:
    """Three bars one after the other with a clearance of 0.35 - 0.15 d."""
    bars, begin = [], first_obstacle(rng)
    for _ in range(BARS):
        bars.append(crawl_bar(begin, difficulty, rng))
        begin = bars[-1][0][1] + float(rng.uniform(*SPACING))
    return Terrain(
        "crawl", difficulty, Boxes.spanning(*bars), None, 0.0, (0.0, 0.0, 0.0), goal_x=bars[-1][0][1]
    )


def crawl_bar(begin: float, difficulty: float, rng: np.random.Generator) -> Span:
    """One bar from x = ``begin`` on."""
    return (begin, begin + float(rng.uniform(*DEPTH))), ACROSS, (lerp(*CLEARANCE, difficulty), TOP)
