import numpy as np
import pytest

from wmp_sim.terrain import make_terrain
from wmp_training.evaluation.trial import (
    EVALUATED,
    CellKey,
    Trial,
    condition_names,
    difficulties,
    seeds,
    terrain_names,
    trials,
)


def test_a_trial_has_the_track_that_wmp_sim_builds_from_the_same_seed():
    track = Trial("gap", 0.5, 42).track()
    expected = make_terrain("gap", 0.5, np.random.default_rng(42))
    np.testing.assert_array_equal(track.boxes.centre, expected.boxes.centre)
    assert len(track.boxes) > 1


def test_episodes_of_a_cell_have_different_obstacles_and_repeat():
    key = CellKey("climb", 0.7)
    cell = trials(key, 20, seed=3)
    assert cell == trials(key, 20, seed=3)
    assert cell[:5] == trials(key, 5, seed=3)
    assert len({trial.seed for trial in cell}) == 20
    assert len({float(trial.track().boxes.centre[0, 0]) for trial in cell}) == 20
    assert not {t.seed for t in cell} & {t.seed for t in trials(key, 20, seed=4)}


def test_all_conditions_have_the_same_tracks():
    nominal, late = (trials(CellKey("gap", 0.5, name), 3, seed=0) for name in ("nominal", "delay_20"))
    assert [trial.seed for trial in nominal] == [trial.seed for trial in late]
    assert {trial.condition for trial in late} == {"delay_20"}


def test_robot_and_track_have_independent_random_sources():
    trial = Trial("gap", 0.5, 42)
    assert trial.variation().uniform() != np.random.default_rng(42).uniform()


def test_all_stands_for_every_terrain():
    kinds = {"flat", "rough", "slope", "stairs_up", "stairs_down", "gap", "climb", "crawl", "tilt", "course"}
    assert set(terrain_names("all")) == set(EVALUATED) == kinds
    assert terrain_names("gap, climb") == ("gap", "climb")
    assert difficulties("0.1,1") == (0.1, 1.0)
    assert seeds("0,1") == (0, 1)
    assert seeds("release") == (7001, 7002)
    assert condition_names("nominal,delay_20") == ("nominal", "delay_20")


@pytest.mark.parametrize(
    ("parse", "text", "named"),
    [
        (terrain_names, "gap,lava", "lava"),
        (terrain_names, "gap,gap", "twice"),
        (condition_names, "delay_200", "delay_20"),
        (difficulties, "0.5,1.5", "1.5"),
        (difficulties, "0.5,0.5", "twice"),
        (seeds, "1,1", "twice"),
    ],
)
def test_unknown_repeated_or_out_of_range_items_are_refused(parse, text, named):
    with pytest.raises(ValueError, match=named):
        parse(text)


def test_a_difficulty_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"1\.3"):
        Trial("gap", 1.3, 0)
