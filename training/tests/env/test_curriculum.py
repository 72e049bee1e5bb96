import torch

from wmp_training.env.curriculum import Curriculum
from wmp_training.sim.backend import Worlds


def two_kinds():
    kind, level = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 2])
    return Curriculum(Worlds(("flat", "rough"), kind, level, torch.zeros(4, 1)), (0.5, 0.5), 4)


def test_robots_are_shared_out_to_terrains():
    assert two_kinds().kind.tolist() == [0, 0, 1, 1]


def test_success_promotes_failure_demotes_and_a_short_command_changes_nothing():
    curriculum = two_kinds()
    curriculum.level[2:] = torch.tensor([1, 1])
    curriculum.update(torch.tensor([2, 3]), torch.tensor([5.0, 1.0]), torch.tensor([8.0, 8.0]))
    assert curriculum.level[2:].tolist() == [2, 0]
    curriculum.update(torch.tensor([2]), torch.tensor([0.1]), torch.tensor([1.0]))
    assert curriculum.level[2] == 2


def test_past_the_last_level_any_level_may_follow():
    curriculum = two_kinds()
    seen = set()
    for _ in range(60):
        curriculum.level[2] = 2
        curriculum.update(torch.tensor([2]), torch.tensor([5.0]), torch.tensor([8.0]))
        seen.add(int(curriculum.level[2]))
    assert seen == {0, 1, 2}


def test_a_robot_is_placed_on_a_world_of_its_kind_and_level():
    curriculum = two_kinds()
    curriculum.level[3] = 2
    assert curriculum.draw(torch.tensor([0, 2, 3])).tolist() == [0, 1, 3]
