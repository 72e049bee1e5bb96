"""Bumps on the ground of gaps and boxes, measured by rays in the compiled world."""

import mujoco
import numpy as np
import pytest

from wmp_sim.a1 import TERRAIN_GROUP
from wmp_sim.terrain import TerrainOptions, make_terrain
from wmp_sim.world import build_world

X = np.arange(-1.9, 8.9, 0.01)
ROUGH = TerrainOptions(roughness=0.05)


def profile(terrain, y=0.03):
    """Height of the ground seen from above, per x."""
    model = build_world(terrain)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    groups = (np.arange(6) == TERRAIN_GROUP).astype(np.uint8)
    down = np.array([0.0, 0.0, -1.0])
    return np.array([2.0 - mujoco.mj_ray(model, data, [x, y, 2.0], down, groups, 1, -1, None) for x in X])


def both(name, difficulty):
    """The same track without and with bumps."""
    options = (TerrainOptions(), ROUGH)
    return [profile(make_terrain(name, difficulty, np.random.default_rng(3), o)) for o in options]


@pytest.mark.parametrize("name", ["gap", "climb"])
def test_bumps_are_as_high_as_roughness_times_difficulty_and_never_below_the_ground(name):
    plain, bumpy = both(name, 0.6)
    ground = np.isclose(plain, 0.0, atol=1e-6)
    assert bumpy[ground].min() >= -1e-6 and 0.02 < bumpy[ground].max() <= 0.6 * 0.05 + 1e-6
    away = ground & (np.abs(X) > 0.55)
    assert 0.2 < (bumpy[away] > 1e-6).mean() < 0.9
    assert np.abs(bumpy[np.abs(X) < 0.25]).max() < 1e-6, "the start is level"


def test_gaps_keep_their_width_and_boxes_their_height():
    plain, bumpy = both("gap", 0.6)
    pit = plain < -4.9
    # Within a cell of the field (0.1 m) from an edge, its side is steeper than 45:1.
    inside = pit & np.roll(pit, 10) & np.roll(pit, -10)
    assert inside.any() and bumpy[inside].max() < -4.9 and bumpy[pit].max() < -0.02
    edges = ~pit & (np.roll(pit, 1) | np.roll(pit, -1))
    assert edges.any()
    np.testing.assert_allclose(bumpy[edges], 0.0, atol=1e-6)
    plain, bumpy = both("climb", 0.6)
    np.testing.assert_allclose(bumpy[plain > 0.1], plain[plain > 0.1], atol=1e-6)


@pytest.mark.parametrize("name", ["stairs_up", "crawl", "tilt", "course"])
def test_other_terrains_have_no_bumps(name):
    assert make_terrain(name, 0.5, np.random.default_rng(0), ROUGH).height_field is None


def test_slots_lie_beside_the_middle_within_their_offset():
    middles = []
    for seed in range(40):
        options = TerrainOptions(slot_offset=0.25)
        boxes = make_terrain("tilt", 0.5, np.random.default_rng(seed), options).boxes
        right = boxes.centre[::2, 1] + boxes.half_size[::2, 1]
        left = boxes.centre[1::2, 1] - boxes.half_size[1::2, 1]
        np.testing.assert_allclose(left - right, 0.305)
        ends = boxes.centre[:, 1] + boxes.half_size[:, 1] * [-1, 1, -1, 1]
        np.testing.assert_allclose(ends, [-2.5, 2.5] * 2)
        middles += ((left + right) / 2).tolist()
    assert -0.25 <= min(middles) < -0.2 and 0.2 < max(middles) <= 0.25


@pytest.mark.parametrize(("difficulty", "share"), [(-8.0, 0.0), (-4.0, 0.5), (0.0, 1.0), (1.0, 1.0)])
def test_the_easier_a_slot_the_nearer_it_is_to_the_middle(difficulty, share):
    furthest = 0.0
    for seed in range(40):
        boxes = make_terrain(
            "tilt", difficulty, np.random.default_rng(seed), TerrainOptions(slot_offset=0.2)
        ).boxes
        inner = boxes.centre[:, 1] - boxes.half_size[:, 1] * [-1, 1, -1, 1]
        furthest = max(furthest, float(np.abs(inner[::2] + inner[1::2]).max()) / 2)
    assert furthest == pytest.approx(0.2 * share, abs=0.02)


@pytest.mark.parametrize("name", ["gap", "tilt"])
def test_tracks_of_a_seed_do_not_change_with_default_options(name):
    plain = make_terrain(name, 0.5, np.random.default_rng(7))
    same = make_terrain(name, 0.5, np.random.default_rng(7), TerrainOptions())
    np.testing.assert_array_equal(plain.boxes.centre, same.boxes.centre)
