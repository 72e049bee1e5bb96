import pytest

from wmp_sim.terrain import MAX_BOXES, TERRAINS
from wmp_training.run_config import RunConfig
from wmp_training.sim.config import NOMINAL
from wmp_training.tasks import DISTURBANCES, SHARES, TASKS, task


def test_every_terrain_of_a_task_exists_and_has_a_share():
    for name, what in TASKS.items():
        assert what.worlds.terrains == tuple(dict(what.env.terrain_shares)), name
        assert set(what.worlds.terrains) <= set(TERRAINS)


def test_the_obstacle_task_has_all_terrains():
    assert set(SHARES) == set(TERRAINS)
    assert sum(SHARES.values()) == pytest.approx(1.0)


def test_difficulty_is_level_over_ten():
    pool = task("obstacles").pool(512)
    assert [round(pool.difficulty("gap", level, 0), 6) for level in range(10)] == [i / 10 for i in range(10)]
    assert MAX_BOXES >= 15


def test_a_run_records_its_levels_and_few_robots_get_few_worlds():
    what = RunConfig("tiny", 4, 1, levels=3, task="obstacles").resolved_task()
    assert what.worlds.levels == 3 and what.pool(512) == what.worlds
    few = what.pool(4)
    assert [(few.levels_of(name), few.variants_of(name)) for name in ("flat", "gap")] == [(1, 2), (3, 1)]


def test_an_unknown_task_is_refused():
    with pytest.raises(ValueError, match="swimming"):
        task("swimming")


def test_disturbances_are_switched_off_by_name():
    calm = task("obstacles").without(["pushes", "depth_noise", "bodies"])
    assert calm.env.push_velocity == 0.0 and calm.env.depth_noise is None
    assert calm.worlds.randomisation == NOMINAL and calm.env.latency == task("obstacles").env.latency
    assert calm.pool(512).randomisation == NOMINAL
    assert task("gentle").without(DISTURBANCES).env.noise == ()


def test_an_unknown_disturbance_is_refused():
    with pytest.raises(ValueError, match="weather"):
        task("obstacles").without(["weather"])
