"""Replacing the depth image changes z, the next h and the action: the policy depends on depth."""

from pathlib import Path

import numpy as np
import pytest

from wmp_core.inference.world_model import Source
from wmp_core.robot_state import RobotState
from wmp_core.verification import load_verified
from wmp_testing.tiny_bundle import write_tiny_bundle

MODELS = Path(__file__).parents[4] / "models"
RELEASED = sorted(path.parent for path in MODELS.glob("*/bundle.json"))


@pytest.fixture(scope="module", params=[None, *RELEASED], ids=lambda path: path.name if path else "tiny")
def bundle(request, tmp_path_factory):
    return load_verified(request.param or write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny"))


def standing(bundle):
    """A robot at rest in its default pose."""
    q, zeros = np.array(bundle.contract.joints.default_position), np.zeros(bundle.contract.num_joints)
    gravity = np.array([0.0, 0.0, 9.81])
    return RobotState(np.array([1.0, 0, 0, 0]), np.zeros(3), gravity, q, zeros, zeros, stamp=0.0, tick=0)


def interval(bundle, depth_m):
    """z after observing ``depth_m``, the next h, and the action computed from that h."""
    model, policy, state = bundle.create_world_model(), bundle.create_policy(), standing(bundle)
    command = np.float32([0.5, 0.0, 0.0])
    steps = [policy.step(state, command, model.state.h) for _ in range(5)]
    observed = model.observe(steps[0].proprioception, depth_m)
    assert observed.source is Source.POSTERIOR
    advanced = model.advance(np.stack([step.action for step in steps]))
    return observed.z, advanced.h, policy.step(state, command, advanced.h).action


def images(bundle):
    """An open floor, and a wall 0.3 m ahead of the camera."""
    depth = bundle.contract.depth
    rows = (np.arange(depth.height) + 0.5 - depth.height / 2) / depth.focal_length
    floor = np.where(rows > 0, 0.3 / np.maximum(rows, 1e-6), depth.far)
    open_floor = np.broadcast_to(np.clip(floor, 0, depth.far)[:, None], (depth.height, depth.width))
    return open_floor.astype(np.float32), np.full((depth.height, depth.width), 0.3, np.float32)


def test_a_different_image_changes_z_h_and_action(bundle):
    (z, h, action), (other_z, other_h, other_action) = (interval(bundle, image) for image in images(bundle))
    assert (z != other_z).any()
    assert np.abs(h - other_h).max() > 1e-3
    assert np.abs(action - other_action).max() > 1e-3


def test_the_same_image_gives_the_same_z_h_and_action(bundle):
    first, second = (interval(bundle, images(bundle)[0]) for _ in range(2))
    for one, other in zip(first, second):
        np.testing.assert_array_equal(one, other)
