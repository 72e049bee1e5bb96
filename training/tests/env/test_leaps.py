from types import SimpleNamespace

import torch

from wmp_training.env.leaps import Leaps
from wmp_training.sim.backend import Worlds

KINDS = ("gap", "climb")


def simulator(count):
    """Worlds alternate between gaps and boxes; in all of them a pit begins 1 m ahead."""
    places = torch.arange(count)
    return SimpleNamespace(
        worlds=Worlds(("gap", "climb"), places % 2, places // 2, torch.zeros(count, 29)),
        ground_height=lambda world, x, y: torch.where(x > 1.0, -5.0, 0.0),
        device=torch.device("cpu"),
    )


def boxes():
    """A box 0.5 m high begins 1 m ahead: level 3."""
    place = torch.zeros(1, dtype=torch.long)
    return SimpleNamespace(
        worlds=Worlds(("climb",), place, place + 3, torch.zeros(1, 29)),
        ground_height=lambda world, x, y: torch.where(x > 1.0, 0.5, 0.0),
        device=torch.device("cpu"),
    )


def test_run_up_is_weighted_by_level_on_gaps_only():
    leaps = Leaps(simulator(6), KINDS, torch.arange(6) % 2, torch.full((2,), 2), pit=0.4)
    still = torch.zeros(6, 3), torch.tensor([0.0, 0.0, -1.0]).repeat(6, 1), torch.zeros(6)
    leap = leaps(torch.arange(6), *still)
    assert leap.run_up.tolist() == [0.0, 0.0, 0.5, 0.0, 1.0, 0.0]


def test_flight_is_the_height_of_the_trunks_lower_end_over_a_pit():
    leaps = Leaps(simulator(2), KINDS, torch.tensor([0, 0, 0, 0, 1]), torch.ones(2), pit=0.4)
    x, z = torch.tensor([0.9, 1.1, 1.1, 1.1, 1.1]), torch.tensor([0.3, 0.3, 0.3, 2.0, 0.3])
    position = torch.stack([x, torch.zeros(5), z], -1)
    # The third robot is pitched by 30 degrees; the last one is not on gaps.
    gravity = torch.tensor([0.0, 0.0, -1.0]).repeat(5, 1)
    gravity[2] = torch.tensor([-0.5, 0.0, -0.866])
    flight = leaps.flight(torch.tensor([0, 0, 0, 0, 1]), position, gravity)
    torch.testing.assert_close(flight, torch.tensor([0.0, 0.2, 0.075, 0.35, 0.0]))


def test_vault_is_the_height_of_the_rear_end_over_a_box_that_the_front_end_has_reached():
    leaps = Leaps(boxes(), KINDS, torch.tensor([1] * 7 + [0]), torch.full((2,), 4), pit=0.4)
    level, nose_up = [0.0, 0.0, -1.0], [-0.6, 0.0, -0.8]
    places = [
        (0.7, 0.8, level),  # still before the box
        (0.9, 0.75, level),  # over its edge
        (0.9, 1.5, level),  # above the height at which the reward saturates
        (0.9, 0.75, nose_up),  # the rear end 0.15 m lower
        (0.9, 0.60, nose_up),  # the rear end lower than the box
        (1.3, 0.75, level),  # on it
        (0.9, 0.75, level),  # yawed by 80 degrees: neither end is over the box
        (0.9, 0.75, level),  # not on a track of boxes
    ]
    x, z, gravity = (torch.tensor(value) for value in zip(*places, strict=True))
    position = torch.stack([x, torch.zeros(8), z], -1)
    heading = torch.zeros(8)
    heading[6] = 1.4
    robots = torch.zeros(8, dtype=torch.long), position, gravity, heading
    vault = leaps.vault(*robots)
    torch.testing.assert_close(vault, torch.tensor([0.0, 0.25, 0.3, 0.1, 0.0, 0.0, 0.0, 0.0]))
    # Scaled by level 3 of 4.
    torch.testing.assert_close(leaps(*robots).vault, 0.75 * vault)
