"""Decoded images and rollouts for viewers agree with the graphs, step by step."""

import numpy as np
import pytest

from wmp_core.inference.imagination import believed_depth, roll_out


def states(bundle, count):
    sizes = bundle.contract.world_model
    rng = np.random.default_rng(0)
    h = rng.normal(size=(count, sizes.deter)).astype(np.float32)
    return h, rng.integers(0, sizes.classes, size=(count, sizes.stoch))


def test_the_believed_depth_is_in_metres_within_the_range_of_the_camera(tiny_bundle):
    h, z = states(tiny_bundle, 3)
    depth, camera = believed_depth(tiny_bundle, h, z), tiny_bundle.contract.depth
    assert depth.shape == (3, camera.height, camera.width)
    assert depth.min() >= camera.near and depth.max() <= camera.far
    raw = tiny_bundle.models["decoder"].run(deter=h, stoch=z)["depth"][:, 0]
    inside = (depth > camera.near) & (depth < camera.far)
    assert inside.any()
    assert depth[inside] == pytest.approx((raw[inside] + 0.5) * camera.far)


def test_a_rollout_is_advance_and_prior_in_turn(tiny_bundle):
    h, z = states(tiny_bundle, 2)
    size = tiny_bundle.contract.timing.world_model_interval * tiny_bundle.contract.num_joints
    actions = np.random.default_rng(1).normal(size=(2, 3, size)).astype(np.float32)
    found_h, found_z = roll_out(tiny_bundle, h, z, actions)
    for step in range(3):
        h = tiny_bundle.models["advance"].run(deter=h, stoch=z, actions=actions[:, step])["next_deter"]
        z = tiny_bundle.models["prior"].run(deter=h)["stoch"]
    assert np.array_equal(found_h, h) and np.array_equal(found_z, z)
    assert not np.array_equal(roll_out(tiny_bundle, h, z, actions[:, :1])[0], found_h)
