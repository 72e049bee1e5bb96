import numpy as np
import pytest

from wmp_sim.terrain import make_terrain
from wmp_training.evaluation.trial import EVALUATED, Trial, difficulties, seeds, terrain_names, trials


def test_a_trial_has_the_track_that_the_simulated_robot_builds_from_the_same_seed():
    track = Trial("gap", 0.5, 42).track()
    expected = make_terrain("gap", 0.5, np.random.default_rng(42))
    np.testing.assert_array_equal(track.boxes.centre, expected.boxes.centre)
    assert len(track.boxes) > 1


def test_episodes_of_a_cell_have_their_own_places_and_repeat():
    cell = trials("climb", 0.7, 20, seed=3)
    assert cell == trials("climb", 0.7, 20, seed=3)
    assert cell[:5] == trials("climb", 0.7, 5, seed=3)
    assert len({trial.seed for trial in cell}) == 20
    assert len({float(trial.track().boxes.centre[0, 0]) for trial in cell}) == 20
    assert not {t.seed for t in cell} & {t.seed for t in trials("climb", 0.7, 20, seed=4)}


def test_the_variation_of_a_robot_is_not_that_of_its_track():
    trial = Trial("gap", 0.5, 42)
    assert trial.variation().uniform() != np.random.default_rng(42).uniform()


def test_all_terrains_are_those_of_one_kind():
    kinds = {"flat", "rough", "slope", "stairs_up", "stairs_down", "gap", "climb", "crawl", "tilt"}
    assert set(terrain_names("all")) == set(EVALUATED) == kinds
    assert terrain_names("gap, climb") == ("gap", "climb")
    assert difficulties("0.1,1") == (0.1, 1.0)
    assert seeds("0,1") == (0, 1)


@pytest.mark.parametrize(
    ("parse", "text", "named"),
    [
        (terrain_names, "gap,lava", "lava"),
        (terrain_names, "gap,gap", "twice"),
        (difficulties, "0.5,1.5", "1.5"),
        (difficulties, "0.5,0.5", "twice"),
        (seeds, "1,1", "twice"),
    ],
)
def test_lists_that_make_no_sense_are_refused(parse, text, named):
    with pytest.raises(ValueError, match=named):
        parse(text)


def test_a_trial_outside_of_the_difficulties_is_refused():
    with pytest.raises(ValueError, match=r"1\.2"):
        Trial("gap", 1.2, 0)
