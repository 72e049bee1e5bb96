"""Slots as narrow as the robot, which must draw in its feet and roll its body to pass.

What an A1 can pass follows from its dimensions. Its shoulders are 0.288 m wide. With the hips held in the
body, rolling makes it wider at first (0.299 m at 16 degrees), back to 0.288 m at 32 degrees, and 0.284 m
takes 34 degrees. With vertical legs (the hips turn against the roll, with the feet drawn in by 1.5 to 2
degrees so that they are within the shoulders), the narrowest slot, without any clearance, is

=====  =======
roll   width
=====  =======
0      0.290 m
15     0.287 m
25     0.281 m
30     0.278 m
=====  =======

So the paper's last slot of 0.28 m takes 27 degrees of roll and leaves no clearance. The narrowest one here is
0.29 m, which leaves 9 mm at 25 degrees.
"""

from __future__ import annotations

import numpy as np

from .geometry import Boxes, Span, Terrain
from .track import ACROSS, first_obstacle, lerp

#: Width of the slot at difficulty 0 and 1, height of its walls, range of its length [m].
WIDTH = (0.32, 0.29)
HEIGHT = 1.0
LENGTH = (0.4, 0.8)
#: Difficulty of the easiest slots.
EASIEST = -8.0
#: Range of the ground between slots [m].
SPACING = (1.8, 2.8)


def tilt(difficulty: float, rng: np.random.Generator, offset: float = 0.0) -> Terrain:
    """Two slots of width 0.32 - 0.03 d in walls across the track, their middles within ``offset`` [m] of the
    track's; the easiest ones lie in the middle, because nobody learns to steer and to squeeze at once."""
    offset *= min(1.0, max(0.0, 1.0 - difficulty / EASIEST))
    first = slot_walls(first_obstacle(rng), difficulty, rng, offset)
    second = slot_walls(first[0][0][1] + float(rng.uniform(*SPACING)), difficulty, rng, offset)
    return Terrain(
        "tilt",
        difficulty,
        Boxes.spanning(*first, *second),
        None,
        0.0,
        (0.0, 0.0, 0.0),
        goal_x=second[0][0][1],
    )


def slot_walls(
    begin: float, difficulty: float, rng: np.random.Generator, offset: float = 0.0
) -> tuple[Span, Span]:
    """The walls right and left of one slot from x = ``begin`` on; its middle is at random in +-``offset``."""
    along = (begin, begin + float(rng.uniform(*LENGTH)))
    # Without an offset nothing is drawn, so that tracks of a seed stay what they are.
    middle = float(rng.uniform(-offset, offset)) if offset > 0.0 else 0.0
    half_width = lerp(*WIDTH, difficulty) / 2
    right, left = (ACROSS[0], middle - half_width), (middle + half_width, ACROSS[1])
    return (along, right, (0.0, HEIGHT)), (along, left, (0.0, HEIGHT))
