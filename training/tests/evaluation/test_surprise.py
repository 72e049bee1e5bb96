import math

import pytest
import torch

from wmp_training.evaluation.surprise import (
    SMOOTHING,
    SurpriseHistory,
    separation,
    separation_by_terrain,
    separation_table,
)

NAN = math.nan


def test_the_area_counts_pairs_in_which_the_failed_episode_was_more_surprised():
    # Pairs (failed, passed): 3 > 1, 3 > 2, 2 > 1, and 2 = 2 counts half: 3.5 of 4.
    found = separation([3.0, 2.0, NAN], [1.0, 2.0])
    assert (found.area, found.failed, found.passed) == (0.875, 2, 2)
    assert separation([1.0], [1.0]).area == 0.5
    assert math.isnan(separation([], [1.0]).area)


def test_the_last_half_second_of_an_episode_gives_no_warning():
    history, on = SurpriseHistory(1), torch.ones(1, dtype=torch.bool)
    for tick, kl in enumerate([1.0, 5.0, NAN, 3.0, 90.0]):
        history.update(torch.tensor([kl]), 0.1, torch.tensor([0.1 * tick]), on)
    share = 1.0 - math.exp(-0.1 / SMOOTHING)
    first = share * 1.0
    second = first + share * (5.0 - first)
    assert history.ahead(0, 0.75) == pytest.approx(second, rel=1e-5)  # 0.25 s: the second is the newest valid
    assert history.ahead(0, 0.55) == pytest.approx(first, rel=1e-5)
    assert math.isnan(history.ahead(0, 0.4))
    assert history.largest(0) > second


def test_surprise_counts_by_terrain_over_all_difficulties():
    def episode(terrain, end, value):
        return {"terrain": terrain, "end": end, "surprise_ahead": value}

    episodes = [
        episode("gap", "goal", 1.0),
        episode("gap", "fall", 2.0),
        episode("gap", "off_track", 0.5),
        episode("tilt", "goal", 1.0),
        episode("tilt", "time", None),
    ]
    found = separation_by_terrain(episodes)
    assert (found["gap"].area, found["gap"].failed, found["gap"].passed) == (0.5, 2, 1)
    assert separation_table(found).splitlines()[2:] == ["| gap | 0.50 | 2 | 1 |", "| tilt | - | 0 | 1 |"]
    assert separation_by_terrain([episode("gap", "goal", None)]) == {}
