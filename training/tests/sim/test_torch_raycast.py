import numpy as np
import pytest
import torch

from wmp_sim.depth import POLICY_CAMERA, CameraMount, DepthScene, SceneStack, camera_poses, render
from wmp_sim.terrain import TERRAINS, make_terrain
from wmp_sim.world import build_world
from wmp_training.device import CPU
from wmp_training.sim.height_map import HeightMap
from wmp_training.sim.torch_raycast import TorchRayCaster

FAR, CAMERAS = 2.0, 40


@pytest.fixture(scope="module")
def scenes():
    """Every terrain, easy and hard, in one stack."""
    rng = np.random.default_rng(2)
    terrains = [make_terrain(name, level, rng) for name in sorted(TERRAINS) for level in (0.2, 0.8)]
    return [build_world(terrain) for terrain in terrains]


def poses(rng, stack, scene):
    """Cameras along the track, rotated as on a walking robot; a few are below the ground."""
    count = len(scene)
    roll, pitch, yaw = rng.normal(0.0, [[0.15], [0.25], [0.5]], (3, count)) / 2
    quaternion = np.stack(
        [
            np.cos(roll) * np.cos(pitch) * np.cos(yaw) + np.sin(roll) * np.sin(pitch) * np.sin(yaw),
            np.sin(roll) * np.cos(pitch) * np.cos(yaw) - np.cos(roll) * np.sin(pitch) * np.sin(yaw),
            np.cos(roll) * np.sin(pitch) * np.cos(yaw) + np.sin(roll) * np.cos(pitch) * np.sin(yaw),
            np.cos(roll) * np.cos(pitch) * np.sin(yaw) - np.sin(roll) * np.sin(pitch) * np.cos(yaw),
        ],
        axis=-1,
    )
    base = rng.uniform([-0.5, -0.5, 0.2], [7.0, 0.5, 0.5], (count, 3))
    place = np.column_stack([base[:, :2], np.zeros(count)])
    base[:, 2] += HeightMap(stack).ground(scene, place, np.zeros((1, 2)))[:, 0].numpy()
    return camera_poses(base, quaternion, CameraMount(), pitch=rng.uniform(-0.09, 0.09, count))


@pytest.mark.parametrize("terrain", sorted(TERRAINS))
def test_images_equal_those_of_the_cpu_renderer(scenes, terrain):
    index = sorted(TERRAINS).index(terrain)
    rng = np.random.default_rng(index)
    stack = SceneStack.of([DepthScene.from_model(model) for model in scenes])
    scene = rng.integers(2 * index, 2 * index + 2, CAMERAS)
    position, axes = poses(rng, stack, scene)
    expected = render(stack, scene, position, axes, POLICY_CAMERA, FAR)
    caster = TorchRayCaster(stack, POLICY_CAMERA, FAR, CPU)
    images = caster.render(*(torch.from_numpy(array) for array in (scene, position, axes))).numpy()
    assert 0.1 < (expected > 0).mean() < 0.9
    np.testing.assert_allclose(images, expected, rtol=0, atol=1e-4)


def test_rendering_no_cameras_gives_no_images(scenes):
    stack = SceneStack.of([DepthScene.from_model(scenes[0])])
    nothing = torch.zeros(0, dtype=torch.long), torch.zeros(0, 3).double(), torch.zeros(0, 3, 3).double()
    assert TorchRayCaster(stack, POLICY_CAMERA, FAR, CPU).render(*nothing).shape == (0, 64, 64)
