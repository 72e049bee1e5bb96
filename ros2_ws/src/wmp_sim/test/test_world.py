"""Worlds of one pool: one layout, and a batch that agrees with single steps."""

import mujoco
import numpy as np
import pytest
from mujoco.batch import Batch

from wmp_sim.a1 import a1_model
from wmp_sim.terrain import MAX_BOXES, TERRAINS, Boxes, Terrain, make_terrain
from wmp_sim.world import build_world


def pool() -> list[mujoco.MjModel]:
    return [
        build_world(make_terrain(name, difficulty, np.random.default_rng(7)), max_boxes=MAX_BOXES)
        for name in TERRAINS
        for difficulty in (0.0, 1.0)
    ]


def test_a_batch_of_mixed_terrains_is_bit_identical_to_single_steps():
    models = pool()
    batch = Batch(models[0], len(models), 1)
    batch.set_models(models)
    qpos, ctrl = batch.bind("qpos"), batch.bind("ctrl")
    batch.reset(keyframe=0)
    actions = a1_model().default_position + np.random.default_rng(0).normal(0.0, 0.3, (40, len(models), 12))
    for action in actions:
        ctrl[:] = action
        for _ in range(4):
            batch.step()
    for i, model in enumerate(models):
        data = mujoco.MjData(model)
        mujoco.mj_resetDataKeyframe(model, data, 0)
        for action in actions:
            data.ctrl[:] = action[i]
            mujoco.mj_step(model, data, 4)
        np.testing.assert_array_equal(data.qpos, qpos[i])


def test_padding_is_out_of_reach_and_changes_no_trajectory():
    terrain = make_terrain("rough", 1.0, np.random.default_rng(3))
    trajectories = []
    for max_boxes in (0, MAX_BOXES):
        model = build_world(terrain, max_boxes=max_boxes)
        data = mujoco.MjData(model)
        mujoco.mj_resetDataKeyframe(model, data, 0)
        mujoco.mj_step(model, data, 200)
        trajectories.append(data.qpos.copy())
    np.testing.assert_array_equal(*trajectories)


def test_boxes_and_height_field_are_where_the_terrain_says():
    boxes = Boxes.spanning(((1.0, 2.0), (-0.5, 0.5), (0.0, 0.4)))
    terrain = Terrain("made", 0.5, boxes, None, floor=-0.1, start=(0.0, 0.0, 0.0), goal_x=3.0)
    model = build_world(terrain, max_boxes=2)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    down = [0.0, 0.0, -1.0]
    assert mujoco.mj_ray(model, data, [1.5, 0, 1], down, None, 1, -1, None) == pytest.approx(0.6)
    assert mujoco.mj_ray(model, data, [2.5, 0, 1], down, None, 1, -1, None) == pytest.approx(1.1)


def test_too_many_boxes_are_refused_with_the_numbers():
    boxes = Boxes.spanning(*[((i, i + 0.5), (0.0, 1.0), (0.0, 1.0)) for i in range(3)])
    terrain = Terrain("made", 0.0, boxes, None, floor=0.0, start=(0.0, 0.0, 0.0), goal_x=3.0)
    with pytest.raises(ValueError, match="has 3 boxes, expected at most max_boxes = 2"):
        build_world(terrain, max_boxes=2)
