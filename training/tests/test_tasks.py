import pytest

from wmp_sim.terrain import MAX_BOXES, TERRAINS
from wmp_training.tasks import SHARES, TASKS, task


def test_every_task_gives_every_terrain_a_share_and_exists():
    for name, what in TASKS.items():
        assert len(what.terrains) == len(what.env.terrain_shares), name
        assert set(what.terrains) <= set(TERRAINS)


def test_the_obstacle_task_has_all_terrains_and_half_of_the_robots_leap():
    assert set(SHARES) == set(TERRAINS)
    assert sum(SHARES.values()) == pytest.approx(1.0)
    assert 0.4 < SHARES["climb"] + SHARES["gap"] < 0.6


def test_difficulty_is_level_over_ten():
    pool = task("obstacles").pool(10, 512)
    assert [round(pool.hardest * level / 9, 6) for level in range(10)] == [i / 10 for i in range(10)]
    assert MAX_BOXES >= 15


def test_an_unknown_task_is_refused():
    with pytest.raises(ValueError, match="swimming"):
        task("swimming")
