import pytest
import torch

from wmp_training.checkpoint_facts import CheckpointError
from wmp_training.skill import mean_actor, widened


def test_a_mean_checkpoint_averages_the_actors_and_keeps_the_rest_of_the_first():
    def checkpoint(steps, value, world_model=1.0):
        tensors = {"actor.weight": value, "critic.weight": value, "world_model.weight": world_model}
        return {name: torch.full((2,), float(x)) for name, x in tensors.items()}, {"env_steps": steps}

    tensors, facts = mean_actor([checkpoint(300, 4), checkpoint(100, 1), checkpoint(200, 1)])
    assert tensors["actor.weight"].tolist() == [2.0, 2.0] and tensors["critic.weight"].tolist() == [4.0, 4.0]
    assert facts == {"env_steps": 300, "actor_of": [300, 100, 200]}
    again, of = mean_actor([checkpoint(400, 6), (tensors, facts)])
    assert again["actor.weight"].tolist() == [3.0, 3.0] and of["actor_of"] == [400, 300, 100, 200]
    wider = {**checkpoint(100, 1)[0], "actor.weight": torch.ones(3)}, {"env_steps": 100}
    with pytest.raises(CheckpointError, match="differ in width"):
        mean_actor([checkpoint(300, 4), wider])
    with pytest.raises(CheckpointError, match="world models after 300 and 100 steps differ"):
        mean_actor([checkpoint(300, 4), checkpoint(100, 1, world_model=2.0)])


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
