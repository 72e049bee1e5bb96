"""Privileged observations."""

import pytest
import torch

from wmp_training.env.privileged import crouch, surroundings


class Ground:
    """Level ground at z = 0.1 m; the third robot has a bar at z = 0.45 m above it."""

    def surroundings(self, robots):
        ceiling = torch.full((3, 17), 100.0)
        ceiling[2, 12] = 0.45
        return torch.full((3, 187), 0.1)[robots], ceiling[robots]


EVERYONE = torch.arange(3)


def test_ground_is_relative_to_the_nominal_base_height_and_ceilings_to_the_base():
    seen = surroundings(Ground(), EVERYONE, torch.tensor([[0.4], [0.3], [0.3]]))
    torch.testing.assert_close(seen[:, 0], torch.tensor([0.0, -0.5, -0.5]))
    torch.testing.assert_close(seen[:, 187 + 12], torch.tensor([2.5, 2.5, 0.75]))


def test_walking_low_counts_as_crouching_unless_a_ceiling_is_above():
    lowered = crouch(surroundings(Ground(), EVERYONE, torch.tensor([[0.4], [0.3], [0.3]])))
    assert lowered.tolist() == pytest.approx([0.0, 0.09, 0.0], abs=1e-6)


@pytest.mark.parametrize(("place", "counts"), [(0.4, False), (0.5, False), (0.6, True), (-0.6, True)])
def test_a_bar_excuses_crouching_only_near_it(place, counts):
    seen = surroundings(Ground(), EVERYONE, torch.tensor([[0.3], [0.3], [0.3]]))[1:2]
    ceiling = seen[:, 187:]
    ceiling[:] = 2.5
    ceiling[0, round((place + 0.8) / 0.1)] = 0.5
    assert (crouch(seen).item() > 0) == counts
