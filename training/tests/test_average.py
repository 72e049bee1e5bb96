import pytest
import torch

from wmp_training.average import Average, averaged


def module(value):
    found = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(found.weight, value)
    return found


def test_a_moment_counts_half_after_the_half_life():
    actor = module(0.0)
    average = Average({"actor": actor}, half_life=100.0)
    torch.nn.init.constant_(actor.weight, 8.0)
    average.update(100, 1e9)
    assert average.tensors["actor.weight"].item() == pytest.approx(4.0)
    average.update(50, 1e9)
    average.update(50, 1e9)
    assert average.tensors["actor.weight"].item() == pytest.approx(6.0)


def test_early_in_a_run_the_average_reaches_back_a_tenth_of_it():
    actor = module(0.0)
    average = Average({"actor": actor}, half_life=1e9)
    torch.nn.init.constant_(actor.weight, 1.0)
    average.update(100, 1000)
    assert average.tensors["actor.weight"].item() == pytest.approx(0.5)


def test_a_checkpoint_is_deployed_with_its_average_if_it_has_one():
    actor = module(2.0)
    average = Average({"actor": actor}, half_life=100.0)
    torch.nn.init.constant_(actor.weight, 4.0)
    tensors = {"actor.weight": actor.weight.detach()} | average.state_dict()
    assert averaged("actor", tensors)["weight"].item() == 2.0
    assert averaged("actor", {"actor.weight": torch.tensor(4.0)})["weight"].item() == 4.0
    again = Average({"actor": actor}, half_life=100.0)
    again.load_state_dict(tensors)
    assert again.tensors["actor.weight"].item() == 2.0


def test_without_a_half_life_no_average_is_kept():
    average = Average({"actor": module(1.0)}, half_life=0.0)
    average.update(10, 10)
    assert average.state_dict() == {}
