"""Properties of every terrain."""

import numpy as np
import pytest

from wmp_sim.terrain import EASIEST, HARDEST, MAX_BOXES, TERRAINS, make_terrain


@pytest.mark.parametrize("name", TERRAINS)
def test_the_same_seed_gives_the_same_terrain(name):
    first, second = (make_terrain(name, 0.7, np.random.default_rng(11)) for _ in range(2))
    np.testing.assert_array_equal(first.boxes.centre, second.boxes.centre)
    assert first.goal_x == second.goal_x
    if first.height_field is not None:
        np.testing.assert_array_equal(first.height_field.heights, second.height_field.heights)


@pytest.mark.parametrize("name", sorted(set(TERRAINS) - {"flat"}))
def test_another_seed_moves_the_obstacles(name):
    first, second = (make_terrain(name, 0.7, np.random.default_rng(seed)) for seed in (1, 2))
    same_boxes = np.array_equal(first.boxes.centre, second.boxes.centre)
    same_field = first.height_field is None or np.array_equal(
        first.height_field.heights, second.height_field.heights
    )
    assert not (same_boxes and same_field)


@pytest.mark.parametrize("name", TERRAINS)
@pytest.mark.parametrize("difficulty", [0.0, 0.5, 1.0])
def test_the_start_is_level_and_clear_of_obstacles(name, difficulty):
    terrain = make_terrain(name, difficulty, np.random.default_rng(4))
    lowest_above_start = terrain.start[2] + 0.03
    reach = np.linalg.norm(terrain.boxes.half_size[:, :2], axis=1)
    near = np.linalg.norm(terrain.boxes.centre[:, :2], axis=1) - reach < 0.45
    axis_aligned_x = np.abs(terrain.boxes.centre[:, 0]) - terrain.boxes.half_size[:, 0] < 0.45
    tops = terrain.boxes.centre[:, 2] + terrain.boxes.half_size[:, 2]
    assert (tops[near & axis_aligned_x] < lowest_above_start).all()


def test_unknown_names_and_difficulties_are_refused():
    with pytest.raises(ValueError, match="terrain is 'lava', expected one of"):
        make_terrain("lava", 0.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"expected one of .*; did you mean 'stairs_up'\?"):
        make_terrain("stair_up", 0.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="difficulty of flat is 1.5"):
        make_terrain("flat", 1.5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="difficulty of gap is -0.1"):
        make_terrain("gap", -0.1, np.random.default_rng(0))


@pytest.mark.parametrize("name", TERRAINS)
def test_tracks_continue_beyond_the_hardest_difficulty_only_on_request(name):
    terrain = make_terrain(name, HARDEST, np.random.default_rng(4), hardest=HARDEST)
    assert len(terrain.boxes) <= MAX_BOXES
    with pytest.raises(ValueError, match=r"is 1\.2, expected a number in \[.*, 1\]"):
        make_terrain(name, HARDEST, np.random.default_rng(4))
    with pytest.raises(ValueError, match=r"in \[.*, 1\.2\]"):
        make_terrain(name, 1.3, np.random.default_rng(4), hardest=2.0)


def test_a_gap_of_difficulty_1_2_is_1_2_m_wide():
    boxes = make_terrain("gap", HARDEST, np.random.default_rng(4), hardest=HARDEST).boxes
    begin, end = (boxes.centre + sign * boxes.half_size for sign in (-1, 1))
    np.testing.assert_allclose(begin[1:, 0] - end[:-1, 0], 1.2)


def test_the_easiest_slot_is_wider_than_a_standing_robot():
    slot = make_terrain("tilt", EASIEST["tilt"], np.random.default_rng(0)).boxes
    right, left = slot.centre[0, 1] + slot.half_size[0, 1], slot.centre[1, 1] - slot.half_size[1, 1]
    assert left - right == pytest.approx(0.56)
