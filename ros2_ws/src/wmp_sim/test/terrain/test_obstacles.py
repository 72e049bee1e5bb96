"""Heights and widths of obstacles, measured by rays in the compiled world against hand-computed numbers."""

import mujoco
import numpy as np
import pytest

from wmp_sim.a1 import TERRAIN_GROUP
from wmp_sim.terrain import MAX_BOXES, TERRAINS, Terrain, make_terrain
from wmp_sim.world import build_world

TERRAIN_ONLY = (np.arange(6) == TERRAIN_GROUP).astype(np.uint8)
X = np.arange(-0.5, 9.0, 0.005)


class Probe:
    """Rays into the static world of a terrain."""

    def __init__(self, terrain: Terrain):
        self.model = build_world(terrain, max_boxes=MAX_BOXES)
        self.data = mujoco.MjData(self.model)
        mujoco.mj_forward(self.model, self.data)

    def ray(self, point, direction) -> float:
        return mujoco.mj_ray(self.model, self.data, point, direction, TERRAIN_ONLY, 1, -1, None)

    def profile(self, x=X, y=0.0, from_height=10.0) -> np.ndarray:
        """Height of the surface seen from above, per x."""
        return np.array([from_height - self.ray([at, y, from_height], [0.0, 0.0, -1.0]) for at in x])

    def ceiling(self, x=X) -> np.ndarray:
        """Height of what is above the ground, per x; infinite under the open sky."""
        up = np.array([self.ray([at, 0.0, 0.01], [0.0, 0.0, 1.0]) for at in x])
        return np.where(up < 0, np.inf, up + 0.01)


def probe(name, difficulty, seed=3):
    terrain = make_terrain(name, difficulty, np.random.default_rng(seed))
    return terrain, Probe(terrain)


def runs(mask) -> list[float]:
    """Lengths along x of the stretches where ``mask`` holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return [(end - begin) * 0.005 for begin, end in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize(("difficulty", "rise"), [(0.0, 0.05), (0.5, 0.14), (1.0, 0.23)])
@pytest.mark.parametrize(("name", "sign"), [("stairs_up", 1), ("stairs_down", -1)])
def test_stairs_have_14_steps_of_the_specified_rise(name, sign, difficulty, rise):
    _, world = probe(name, difficulty)
    profile = world.profile()
    steps = np.diff(profile)
    steps = steps[np.abs(steps) > 1e-6]
    np.testing.assert_allclose(steps, [sign * rise] * 14, atol=1e-9)
    assert profile[0] == pytest.approx(0.0, abs=1e-9)


def test_treads_are_30_to_34_cm():
    _, world = probe("stairs_up", 1.0)
    heights = world.profile()
    for level in range(1, 14):
        (tread,) = runs(np.abs(heights - 0.23 * level) < 0.01)
        assert 0.295 <= tread <= 0.345


@pytest.mark.parametrize(("difficulty", "width"), [(0.3, 0.3), (0.85, 0.85), (1.0, 1.0)])
def test_gaps_are_as_wide_as_specified_and_five_metres_deep(difficulty, width):
    terrain, world = probe("gap", difficulty)
    profile = world.profile()
    gaps = runs(profile < -0.01)
    assert len(gaps) >= 2
    np.testing.assert_allclose(gaps, width, atol=0.011)
    assert set(np.round(profile, 6)) == {0.0, -5.0}
    assert profile[terrain.goal_x + 0.01 < X].min() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("difficulty", "height"), [(0.5, 0.3), (1.0, 0.6)])
def test_there_are_two_boxes_to_climb_with_ground_between(difficulty, height):
    _, world = probe("climb", difficulty)
    profile = world.profile()
    lengths = runs(profile > 0.01)
    assert len(lengths) == 2 and all(0.99 <= length <= 1.21 for length in lengths)
    assert set(np.round(profile, 6)) == {0.0, height}


@pytest.mark.parametrize(("difficulty", "clearance"), [(0.0, 0.35), (0.6, 0.26), (1.0, 0.20)])
def test_every_bar_leaves_its_clearance_and_stands_apart(difficulty, clearance):
    _, world = probe("crawl", difficulty)
    ceiling = world.ceiling()
    assert ceiling.min() == pytest.approx(clearance, abs=1e-9)
    depths = runs(np.isfinite(ceiling))
    assert len(depths) == 3 and all(0.19 <= depth <= 0.41 for depth in depths)


@pytest.mark.parametrize(("difficulty", "width"), [(0.0, 0.32), (1.0, 0.29)])
def test_slots_have_their_width_between_walls_of_one_metre(difficulty, width):
    _, world = probe("tilt", difficulty)
    beside = world.profile(y=0.5) > 0.99
    lengths = runs(beside)
    assert len(lengths) == 2 and all(0.39 <= length <= 0.81 for length in lengths)
    inside = X[beside][len(X[beside]) // 8]
    left, right = (world.ray([inside, 0.0, 0.3], [0.0, side, 0.0]) for side in (1.0, -1.0))
    assert left == pytest.approx(width / 2) and right == pytest.approx(width / 2)
    assert world.profile(x=[inside], y=0.5)[0] == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(4))
def test_the_course_holds_every_obstacle_at_its_difficulty(seed):
    terrain, world = probe("course", 0.5, seed)
    x = np.arange(-0.5, terrain.goal_x + 1.0, 0.005)
    top, ceiling = world.profile(x), world.ceiling(x)
    assert runs(top < -1.0) == [pytest.approx(0.5, abs=0.011)]
    assert np.isclose(top, 0.3, atol=1e-6).any()  # box
    assert np.isclose(top, 3 * 0.14, atol=1e-6).any()  # head of the stairs
    assert np.isclose(ceiling, 0.275, atol=1e-6).any()  # bar
    assert np.isclose(world.profile(x, y=0.5), 1.0, atol=1e-6).any()  # slot


@pytest.mark.parametrize("name", TERRAINS)
def test_no_terrain_exceeds_the_common_number_of_boxes(name):
    counts = [
        len(make_terrain(name, difficulty, np.random.default_rng(seed)).boxes)
        for difficulty in (0.0, 0.5, 1.0)
        for seed in range(20)
    ]
    assert max(counts) <= MAX_BOXES


@pytest.mark.parametrize("name", sorted(set(TERRAINS) - {"flat", "course"}))
def test_the_goal_lies_on_the_track_beyond_the_last_obstacle(name):
    terrain = make_terrain(name, 1.0, np.random.default_rng(1))
    assert 3.0 < terrain.goal_x <= 9.5


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", TERRAINS)
def test_a_walk_must_end_one_metre_before_the_ground_does_and_nowhere_else(name, seed):
    terrain, world = probe(name, 0.5, seed)
    x = np.arange(terrain.goal_x + 0.02, terrain.goal_x + 6.0, 0.01)
    # Off the middle: a ray along an edge of a height field's triangles may miss both.
    drops = np.flatnonzero(-np.diff(world.profile(x, y=0.03)) > 0.15)
    assert terrain.goal_x <= terrain.end_x
    if np.isfinite(terrain.end_x):
        assert x[drops] == pytest.approx([terrain.end_x + 1.0], abs=0.011)
    else:
        assert not len(drops)


def test_tracks_above_the_floor_have_an_end_and_a_valley_is_one():
    tracks = {name: [probe(name, 0.5, seed)[0] for seed in range(8)] for name in TERRAINS}
    ends = {name: {np.isfinite(terrain.end_x) for terrain in seeds} for name, seeds in tracks.items()}
    assert {name for name, found in ends.items() if found == {True}} == {"stairs_up", "gap", "course"}
    assert {name for name, found in ends.items() if len(found) == 2} == {"slope"}
