import mujoco
import numpy as np
import pytest

from wmp_sim.a1 import TERRAIN_GROUP
from wmp_sim.depth import DepthScene, SceneStack
from wmp_sim.terrain import TERRAINS, make_terrain
from wmp_sim.world import build_world
from wmp_training.sim.height_map import LINE, OPEN_SKY, HeightMap

GROUPS = np.arange(mujoco.mjNGROUP) == TERRAIN_GROUP


def ray(model, data, point, direction):
    """Distance to the terrain from MuJoCo's own ray casting; infinite without a hit."""
    geom = np.zeros(1, np.int32)
    distance = mujoco.mj_ray(model, data, np.array(point), np.array(direction), GROUPS, 1, -1, geom)
    return distance if distance >= 0 else np.inf


@pytest.mark.parametrize("name", sorted(TERRAINS))
def test_the_height_map_matches_the_collision_geometry(name):
    rng = np.random.default_rng(3)
    model = build_world(make_terrain(name, 0.7, rng))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    height_map = HeightMap(SceneStack.of([DepthScene.from_model(model)]))
    for _ in range(12):
        x, y, yaw = rng.uniform([-0.5, -1.5, -1.0], [7.0, 1.5, 1.0])
        place = np.array([[x, y, yaw]])
        points = rng.uniform(-0.7, 0.7, (8, 2))
        turned = points @ np.array([[np.cos(yaw), np.sin(yaw)], [-np.sin(yaw), np.cos(yaw)]]) + (x, y)
        ground = height_map.ground(np.zeros(1, np.int64), place, points)[0].numpy()
        ceiling = height_map.ceiling(np.zeros(1, np.int64), place, points)[0].numpy()
        for (px, py), low, high in zip(turned, ground, ceiling, strict=True):
            above = ray(model, data, (px, py, low + 0.01), (0.0, 0.0, 1.0)) + low + 0.01
            assert min(above, OPEN_SKY) == pytest.approx(high, abs=1e-4)
            top = min(high, low + 10.0) - 1e-3
            assert top - ray(model, data, (px, py, top), (0.0, 0.0, -1.0)) == pytest.approx(low, abs=1e-4)


def test_a_bar_is_a_ceiling_and_not_ground():
    terrain = make_terrain("crawl", 0.0, np.random.default_rng(0))
    height_map = HeightMap(SceneStack.of([DepthScene.from_model(build_world(terrain))]))
    begin = terrain.boxes.centre[0, 0] - terrain.boxes.half_size[0, 0]
    place = np.array([[begin - 0.45, 0.0, 0.0]])
    assert (height_map.ground(np.zeros(1, np.int64), place) == 0.0).all()
    ceiling = height_map.ceiling(np.zeros(1, np.int64), place)[0].numpy()
    assert (ceiling[LINE[:, 0] < 0.4] == OPEN_SKY).all()
    assert ceiling[13] == pytest.approx(0.35)
