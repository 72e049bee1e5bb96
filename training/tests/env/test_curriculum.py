import pytest
import torch

from wmp_training.env.config import CurriculumConfig
from wmp_training.env.curriculum import Curriculum
from wmp_training.sim.backend import Worlds


def two_kinds():
    kind, level = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 2])
    return Curriculum(
        Worlds(("flat", "rough"), kind, level, torch.zeros(4, 1)), {"flat": 0.5, "rough": 0.5}, 4
    )


def finish(curriculum, robots, distance, commanded, failed):
    """End the episodes of ``robots`` on worlds drawn for them."""
    robots = torch.tensor(robots)
    ended = torch.tensor(distance), torch.tensor(commanded), torch.tensor(failed)
    curriculum.update(robots, curriculum.draw(robots), *ended)


def test_robots_are_assigned_to_terrains_by_share():
    assert two_kinds().kind.tolist() == [0, 0, 1, 1]


def test_shares_are_relative_and_none_may_be_missing():
    worlds = Worlds(
        ("flat", "rough"), torch.tensor([0, 1]), torch.zeros(2, dtype=torch.long), torch.zeros(2, 1)
    )
    assert Curriculum(worlds, {"rough": 3.0, "gap": 9.0, "flat": 1.0}, 4).kind.tolist() == [0, 1, 1, 1]
    assert Curriculum(worlds, {"rough": 3.0, "flat": 0.0}, 4).kind.tolist() == [1, 1, 1, 1]
    for wrong in ({"rough": 1.0}, {"rough": 1.0, "flat": -1.0}, {"rough": 0.0, "flat": 0.0}):
        with pytest.raises(ValueError, match="expected one of at least 0 for each"):
            Curriculum(worlds, wrong, 4)


def test_success_promotes_failure_demotes_and_a_short_command_changes_nothing():
    curriculum = two_kinds()
    curriculum.level[2:] = torch.tensor([1, 1])
    finish(curriculum, [2, 3], [5.0, 1.0], [8.0, 8.0], [False, False])
    assert curriculum.level[2:].tolist() == [2, 0]
    finish(curriculum, [2], [0.1], [1.0], [False])
    assert curriculum.level[2] == 2


def test_after_the_last_level_any_level_may_follow():
    curriculum = two_kinds()
    seen = set()
    for _ in range(60):
        curriculum.level[2] = 2
        finish(curriculum, [2], [5.0], [8.0], [False])
        seen.add(int(curriculum.level[2]))
    assert seen == {0, 1, 2}


def test_a_robot_is_placed_on_a_world_of_its_kind_and_level():
    curriculum = two_kinds()
    curriculum.level[3] = 2
    assert curriculum.draw(torch.tensor([0, 2, 3])).tolist() == [0, 1, 3]


def test_an_early_failure_demotes_and_an_upper_level_follows_the_last_if_configured():
    config = CurriculumConfig(promotion=4.8, failure=2.4, redraw_from=1)
    worlds = Worlds(("rough",), torch.tensor([0, 0, 0]), torch.tensor([0, 1, 2]), torch.zeros(3, 1))
    curriculum = Curriculum(worlds, {"rough": 1.0}, 2, config)
    curriculum.level[:] = torch.tensor([2, 2])
    finish(curriculum, [0, 1], [2.0, 3.0], [2.0, 3.0], [True, True])
    assert curriculum.level.tolist() == [1, 2]
    seen = set()
    for _ in range(60):
        curriculum.level[0] = 2
        finish(curriculum, [0], [5.0], [8.0], [False])
        seen.add(int(curriculum.level[0]))
    assert seen == {1, 2}


def test_successes_are_counted_per_terrain_and_level():
    curriculum = two_kinds()
    curriculum.level[2:] = torch.tensor([1, 2])
    finish(curriculum, [2, 3], [5.0, 5.0], [8.0, 8.0], [False, True])
    assert curriculum.take_counts() == {"rough": {"finished": [0, 1, 1], "passed": [0, 1, 0]}}
    assert curriculum.take_counts() == {"rough": {"finished": [0, 0, 0], "passed": [0, 0, 0]}}


def test_episodes_on_easier_levels_do_not_change_a_robots_level():
    torch.manual_seed(0)
    worlds = Worlds(("rough",), torch.zeros(4, dtype=torch.long), torch.arange(4), torch.zeros(4, 1))
    curriculum = Curriculum(worlds, {"rough": 1.0}, 4000, CurriculumConfig(revisit=0.4))
    curriculum.level[:] = 2
    everyone, ended = torch.arange(4000), torch.ones(4000)
    drawn = curriculum.draw(everyone)
    # A share of 0.4 of the episodes revisits levels 0, 1 and 2 with equal probability.
    share = worlds.level[drawn].bincount(minlength=4) / 4000
    assert torch.allclose(share, torch.tensor([0.4, 0.4, 2.2, 0.0]) / 3, atol=0.02)
    curriculum.update(everyone, drawn, 5.0 * ended, 8.0 * ended, ended < 0)
    assert torch.equal(curriculum.level, 2 + (drawn == 2).long())
    finished = curriculum.take_counts()["rough"]["finished"]
    assert finished == worlds.level[drawn].bincount(minlength=4).tolist()


def test_levels_of_another_run_are_adopted_by_terrain():
    curriculum = two_kinds()
    curriculum.adopt(torch.tensor([0, 0, 0, 0, 1, 1, 2, 2]))
    assert curriculum.level.tolist() == [0, 0, 1, 2]


def test_an_adopted_level_never_exceeds_the_last_of_the_robots_terrain():
    kind, level = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 2])
    worlds = Worlds(("flat", "rough"), kind, level, torch.zeros(4, 1))
    many, few = (Curriculum(worlds, {"flat": 0.06, "rough": 0.94}, robots) for robots in (1024, 512))
    many.level = 2 * many.kind
    few.adopt(
        many.level
    )  # robot 30 of 512 is on flat ground; it takes the level of robot 61 of 1024, which is not
    assert torch.equal(few.level, 2 * few.kind)
    assert torch.equal(worlds.kind[few.draw(torch.arange(512))], few.kind)


def test_a_student_starts_at_random_levels_up_to_its_teachers():
    torch.manual_seed(0)
    worlds = Worlds(("rough",), torch.zeros(10, dtype=torch.long), torch.arange(10), torch.zeros(10, 1))
    curriculum = Curriculum(worlds, {"rough": 1.0}, 400)
    curriculum.adopt(torch.tensor([9, 9, 3, 3]), spread=True)
    assert curriculum.level[:200].unique().tolist() == list(range(10))
    assert curriculum.level[200:].unique().tolist() == list(range(4))


def test_a_level_is_adopted_from_the_same_terrain_where_the_other_runs_terrains_are_known():
    curriculum = two_kinds()
    curriculum.adopt(torch.tensor([1, 2, 0, 0, 0, 0]), kind=torch.tensor([1, 1, 0, 0, 0, 0]))
    assert curriculum.level.tolist() == [0, 0, 1, 2]


def adaptive(rollouts=1, robots=90):
    """Three kinds with two levels each, and a flat one."""
    kind, level = torch.tensor([0, 1, 1, 2, 2, 3, 3]), torch.tensor([0, 0, 1, 0, 1, 0, 1])
    worlds = Worlds(("flat", "rough", "gap", "climb"), kind, level, torch.zeros(7, 1))
    shares = {"flat": 0.1, "rough": 0.3, "gap": 0.3, "climb": 0.3}
    return Curriculum(worlds, shares, robots, CurriculumConfig(rebalance=rollouts, floor=0.25, revisit=0.5))


def measure(curriculum, passed):
    """100 episodes on the first level of rough ground, gaps and boxes, of which these many passed."""
    curriculum.measured[0, 1:, 0] = 98.0
    curriculum.measured[1, 1:, 0] = torch.tensor(passed) - 1.0


def test_robots_go_where_half_of_the_episodes_pass():
    curriculum = adaptive()
    measure(curriculum, [100.0, 50.0, 0.0])
    before = curriculum.shares()
    curriculum.end_rollout()
    # Weights 0.25 + 4 p (1 - p): 0.25, 1.25 and 0.25 of 81 robots; flat ground keeps its 9.
    found = torch.bincount(curriculum.kind).tolist()
    assert before["gap"] == pytest.approx(0.3)
    assert found[0] == 9 and found[2] == pytest.approx(81 * 1.25 / 1.75, abs=1) and sum(found) == 90
    assert found[1] == pytest.approx(found[3], abs=1)


def test_shares_change_every_few_rollouts_and_older_episodes_count_less():
    curriculum = adaptive(rollouts=3)
    measure(curriculum, [100.0, 50.0, 0.0])
    for _ in range(2):
        curriculum.end_rollout()
        assert torch.bincount(curriculum.kind).tolist() == [9, 27, 27, 27]
    curriculum.end_rollout()
    assert torch.bincount(curriculum.kind).tolist() != [9, 27, 27, 27]
    assert curriculum.measured[0, 1, 0] == 49.0 and curriculum.rollouts == 0


def test_shares_stay_as_configured_without_adaptation():
    curriculum = adaptive(rollouts=0)
    measure(curriculum, [100.0, 50.0, 0.0])
    curriculum.end_rollout()
    assert torch.bincount(curriculum.kind).tolist() == [9, 27, 27, 27]


def test_a_robot_that_moves_takes_a_level_of_the_robots_there():
    curriculum = adaptive()
    measure(curriculum, [100.0, 50.0, 0.0])
    curriculum.level[curriculum.kind == 2] = 1
    curriculum.measured[:, 2, 1] = curriculum.measured[:, 2, 0]
    curriculum.end_rollout()
    assert (curriculum.level[curriculum.kind == 2] == 1).all()
    assert (curriculum.level[curriculum.kind != 2] == 0).all()


def test_adaptation_continues_exactly_from_its_state():
    first, second = adaptive(), adaptive()
    measure(first, [90.0, 50.0, 20.0])
    first.end_rollout()
    second.load_state_dict({name: value.clone() for name, value in first.state_dict().items()})
    for curriculum in (first, second):
        torch.manual_seed(1)
        curriculum.measured[1, 1, 0] += 7.0
        robots = torch.arange(90)
        ended = torch.full((90,), 5.0), torch.full((90,), 8.0), torch.rand(90) < 0.3
        curriculum.update(robots, curriculum.draw(robots), *ended)
        curriculum.end_rollout()
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name


def test_revisits_prefer_levels_where_learning_happens():
    torch.manual_seed(0)
    curriculum = adaptive(robots=4000)
    curriculum.level[:] = curriculum.top[curriculum.kind]
    curriculum.measured[0], curriculum.measured[1] = 98.0, 49.0
    curriculum.measured[1, :, 0] = 99.0  # every episode on the first level passes
    drawn = curriculum.worlds.level[curriculum.draw(torch.arange(4000))][curriculum.kind > 0]
    # Half of the episodes revisit, of these 0.25 in 1.5 the first level.
    assert (drawn == 0).float().mean() == pytest.approx(0.5 * 0.25 / 1.5, abs=0.02)
