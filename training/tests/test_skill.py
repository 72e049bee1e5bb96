import pytest
import torch

from wmp_training.checkpoint_facts import CheckpointError
from wmp_training.skill import stripped, widened


def test_a_stripped_checkpoint_has_the_average_as_its_networks():
    names = ("actor.w", "average.actor.w", "critic.w", "env.level", "env.tick", "replay.depth")
    kept = stripped({name: torch.full((1,), float(i)) for i, name in enumerate(names)})
    assert {name: value.item() for name, value in kept.items()} == {
        "actor.w": 1,
        "critic.w": 2,
        "env.level": 3,
    }


def network(units):
    return torch.nn.Sequential(
        torch.nn.Linear(3, units),
        torch.nn.ELU(),
        torch.nn.Linear(units, units),
        torch.nn.ELU(),
        torch.nn.Linear(units, 2),
    )


def test_a_widened_network_computes_the_same_and_all_its_weights_learn():
    torch.manual_seed(3)
    own, wider, seen = network(4), network(7), torch.randn(64, 3)
    wider.load_state_dict(widened(own.state_dict(), wider.state_dict()))
    torch.testing.assert_close(wider(seen), own(seen))
    learning = torch.optim.SGD(wider.parameters(), lr=0.1)
    for _ in range(3):
        before = {name: value.clone() for name, value in wider.state_dict().items()}
        learning.zero_grad()
        wider(seen).square().sum().backward()
        learning.step()
    for name, value in wider.state_dict().items():
        assert (value != before[name]).all(), name


def test_a_network_is_not_widened_into_a_narrower_or_other_one():
    own = network(4).state_dict()
    with pytest.raises(CheckpointError, match=r"0.weight has the shape \(4, 3\).*policy.width as large"):
        widened(own, network(3).state_dict())
    with pytest.raises(CheckpointError, match="other layers"):
        widened(own, torch.nn.Linear(3, 2).state_dict())
