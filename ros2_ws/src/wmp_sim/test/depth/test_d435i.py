"""The simulated D435i, and its way into the network's image."""

import numpy as np
import pytest

from wmp_sim.depth import (
    D435I,
    POLICY_CAMERA,
    CameraMount,
    DepthScene,
    SceneStack,
    SimulatedD435i,
    StereoNoise,
    camera_poses,
    render,
)
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world

POSE = np.array([0.3, 0.0, 0.3]), np.array([1.0, 0.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def world():
    return build_world(make_terrain("climb", 0.7, np.random.default_rng(2)))


def test_frames_are_424_x_240_millimetres(world):
    frame = SimulatedD435i(world, CameraMount()).capture(*POSE)
    assert frame.shape == (240, 424) and frame.dtype == np.uint16
    position, axes = camera_poses(POSE[0][None], POSE[1][None], CameraMount())
    exact = render(SceneStack.of([DepthScene.from_model(world)]), [0], position, axes, D435I, 10.0)[0]
    np.testing.assert_allclose(frame * 1e-3, exact, atol=5.1e-4)


def test_the_d435i_seen_through_the_virtual_pinhole_shows_what_training_renders(world):
    frame = SimulatedD435i(world, CameraMount()).capture(*POSE) * np.float32(1e-3)
    focal, size = POLICY_CAMERA.fx, POLICY_CAMERA.width
    tangent = (np.arange(size) + 0.5 - size / 2) / focal
    columns = np.rint(D435I.fx * tangent + D435I.cx).astype(int)
    rows = np.clip(np.rint(D435I.fy * tangent + D435I.cy).astype(int), 0, D435I.height - 1)
    seen = frame[np.ix_(rows, columns)]
    position, axes = camera_poses(POSE[0][None], POSE[1][None], CameraMount())
    direct = render(SceneStack.of([DepthScene.from_model(world)]), [0], position, axes, POLICY_CAMERA, 10.0)[
        0
    ]
    both = (seen > 0) & (direct > 0) & (direct < 2.0)
    assert both.mean() > 0.3
    assert np.median(np.abs(seen - direct)[both]) < 0.003


def test_noise_is_seeded(world):
    frames = [
        SimulatedD435i(world, CameraMount(), noise=StereoNoise(), seed=seed).capture(*POSE)
        for seed in (4, 4, 5)
    ]
    np.testing.assert_array_equal(frames[0], frames[1])
    assert (frames[0] != frames[2]).any()
