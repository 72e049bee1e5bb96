from types import SimpleNamespace

import torch

from wmp_training.env.leaps import Leaps
from wmp_training.sim.backend import Worlds


def simulator(count):
    """Every second world is a track of gaps, and everywhere a pit begins 1 m ahead."""
    places = torch.arange(count)
    return SimpleNamespace(
        worlds=Worlds(("gap", "climb"), places % 2, places // 2, torch.zeros(count, 29)),
        ground_height=lambda world, x, y: torch.where(x > 1.0, -5.0, 0.0),
        device=torch.device("cpu"),
    )


def test_gaps_ask_for_a_run_up_by_their_level_and_nothing_else_does():
    leaps = Leaps(simulator(6), ["gap", "climb"] * 3, pit=0.4)
    asked = leaps.run_up(torch.arange(6), hardest=torch.full((6,), 2))
    assert asked.tolist() == [0.0, 0.0, 0.5, 0.0, 1.0, 0.0]


def test_a_trunk_over_a_pit_flies_as_high_as_its_lower_end_and_elsewhere_not_at_all():
    leaps = Leaps(simulator(2), ["gap"] * 4 + ["climb"], pit=0.4)
    x, z = torch.tensor([0.9, 1.1, 1.1, 1.1, 1.1]), torch.tensor([0.3, 0.3, 0.3, 2.0, 0.3])
    position = torch.stack([x, torch.zeros(5), z], -1)
    # The third is pitched by 30 degrees; the last is not on gaps.
    gravity = torch.tensor([0.0, 0.0, -1.0]).repeat(5, 1)
    gravity[2] = torch.tensor([-0.5, 0.0, -0.866])
    flight = leaps.flight(torch.tensor([0, 0, 0, 0, 1]), position, gravity)
    torch.testing.assert_close(flight, torch.tensor([0.0, 0.2, 0.075, 0.35, 0.0]))
