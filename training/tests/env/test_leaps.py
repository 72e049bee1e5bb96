from types import SimpleNamespace

import torch

from wmp_training.env.leaps import Leaps
from wmp_training.sim.backend import Worlds

KINDS = ("gap", "climb")


def simulator():
    """Worlds of gaps of level 2, 1 and 0, and one of boxes; in all of them a pit begins 1 m ahead."""
    kind, level = torch.tensor([0, 0, 0, 1]), torch.tensor([2, 1, 0, 2])
    return SimpleNamespace(
        worlds=Worlds(KINDS, kind, level, torch.zeros(4, 29)),
        ground_height=lambda world, x, y: torch.where(x > 1.0, -5.0, 0.0),
        device=torch.device("cpu"),
    )


def test_flight_is_the_height_of_the_trunks_lower_end_over_a_pit_times_the_level():
    leaps = Leaps(simulator(), KINDS, torch.tensor([0, 0, 0, 0, 0, 0, 1]), torch.full((2,), 2), pit=0.4)
    x, z = torch.tensor([0.9] + 6 * [1.1]), torch.tensor([0.3, 0.3, 0.3, 2.0, 0.3, 0.3, 0.3])
    position = torch.stack([x, torch.zeros(7), z], -1)
    # The third robot is pitched by 30 degrees, the next two are on easier levels, the last is not on gaps.
    gravity = torch.tensor([0.0, 0.0, -1.0]).repeat(7, 1)
    gravity[2] = torch.tensor([-0.5, 0.0, -0.866])
    flight = leaps(torch.tensor([0, 0, 0, 0, 1, 2, 3]), position, gravity)
    torch.testing.assert_close(flight, torch.tensor([0.0, 0.2, 0.075, 0.35, 0.1, 0.0, 0.0]))
