"""The camera against MuJoCo's own ray casting, hand-computed depths, and its own invariances."""

import math

import mujoco
import numpy as np
import pytest

from wmp_core.depth.geometry import CameraIntrinsics
from wmp_sim.a1 import TERRAIN_GROUP
from wmp_sim.depth import (
    D435I,
    POLICY_CAMERA,
    CameraMount,
    DepthScene,
    SceneStack,
    camera_poses,
    pixel_slopes,
    render,
)
from wmp_sim.terrain import TERRAINS, Boxes, Terrain, make_terrain
from wmp_sim.world import build_world

FAR = 4.0


def reference(model, position, axes, pinhole):
    """Planar depth by mj_multiRay, one unit vector per pixel; 0 beyond FAR."""
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    right, down = pixel_slopes(pinhole)
    rays = axes[2] + right[None, :, None] * axes[0] + down[:, None, None] * axes[1]
    rays = rays.reshape(-1, 3).astype(np.float64)
    length = np.linalg.norm(rays, axis=1)
    groups = (np.arange(6) == TERRAIN_GROUP).astype(np.uint8)
    distance, geom = np.zeros(len(rays)), np.zeros(len(rays), np.int32)
    unit = (rays / length[:, None]).ravel()
    mujoco.mj_multiRay(model, data, position, unit, groups, 1, -1, geom, distance, None, len(rays), 100.0)
    depth = np.where(distance < 0, np.inf, distance / length)
    return np.where(depth <= FAR, depth, 0.0).reshape(pinhole.height, pinhole.width)


def random_poses(model, rng, count):
    """Cameras of a robot somewhere along the track, turned and tilted as a walking robot is."""
    angles = rng.normal(0.0, [0.15, 0.25, 0.3], (count, 3))
    quaternion = np.array([quaternion_of(*angle) for angle in angles])
    base = np.stack([rng.uniform(-0.2, 6.0, count), rng.uniform(-0.3, 0.3, count), np.zeros(count)], axis=1)
    base[:, 2] = [highest_ground(model, x, y) for x, y, _ in base] + rng.uniform(0.2, 0.5, count)
    return camera_poses(base, quaternion, CameraMount(), pitch=rng.uniform(-0.09, 0.09, count))


def highest_ground(model, x, y):
    """The highest terrain within the reach of the base, so that no camera is buried."""
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    groups = (np.arange(6) == TERRAIN_GROUP).astype(np.uint8)
    around = [(x + dx, y + dy) for dx in np.arange(-0.1, 0.5, 0.05) for dy in (-0.1, 0.0, 0.1)]
    return max(5.0 - mujoco.mj_ray(model, data, [*p, 5.0], [0, 0, -1.0], groups, 1, -1, None) for p in around)


def quaternion_of(roll, pitch, yaw):
    result = np.array([1.0, 0.0, 0.0, 0.0])
    for axis, angle in (((0, 0, 1), yaw), ((0, 1, 0), pitch), ((1, 0, 0), roll)):
        turn = np.zeros(4)
        mujoco.mju_axisAngle2Quat(turn, axis, angle)
        product = np.zeros(4)
        mujoco.mju_mulQuat(product, result, turn)
        result = product
    return result


def level_camera(x=0.0, z=0.3, pitch=0.0, mount=(0.0, 0.0, 0.0)):
    return camera_poses(np.array([[x, 0.0, z]]), np.array([[1.0, 0, 0, 0]]), CameraMount(mount, pitch))


def scene_of(*spans, floor=0.0):
    terrain = Terrain("made", 0.0, Boxes.spanning(*spans), None, floor, (0.0, 0.0, 0.0), 1.0)
    return SceneStack.of([DepthScene.from_model(build_world(terrain))])


@pytest.mark.parametrize("name", TERRAINS)
@pytest.mark.parametrize("difficulty", [0.3, 1.0])
def test_every_pixel_agrees_with_mujoco_apart_from_edges(name, difficulty):
    rng = np.random.default_rng(5)
    terrain = make_terrain(name, difficulty, rng)
    model = build_world(terrain, max_boxes=40)
    position, axes = random_poses(model, rng, 12)
    images = render(
        SceneStack.of([DepthScene.from_model(model)]), np.zeros(12, int), position, axes, POLICY_CAMERA, FAR
    )
    expected = np.array([reference(model, *pose, POLICY_CAMERA) for pose in zip(position, axes, strict=True)])
    error = np.abs(images - expected)
    assert (expected > 0).mean() > 0.1
    # A ray that grazes an edge may fall on either side of it.
    assert (error > 1e-5).mean() < 5e-4


def test_the_d435i_image_agrees_with_mujoco_as_well():
    rng = np.random.default_rng(6)
    terrain = make_terrain("slope", 0.6, rng)
    model = build_world(terrain)
    position, axes = random_poses(model, rng, 1)
    image = render(
        SceneStack.of([DepthScene.from_model(model)]), np.zeros(1, int), position, axes, D435I, FAR
    )[0]
    assert (np.abs(image - reference(model, position[0], axes[0], D435I)) > 1e-5).mean() < 5e-4


def test_a_wall_ahead_has_its_planar_distance_in_every_pixel():
    stack = scene_of(((1.5, 2.0), (-3.0, 3.0), (-3.0, 3.0)), floor=-5.0)
    image = render(stack, [0], *level_camera(x=0.25), POLICY_CAMERA, FAR)[0]
    np.testing.assert_allclose(image, 1.25, atol=1e-6)


def test_level_ground_is_seen_by_the_rows_below_the_horizon():
    # Row r looks down by (r + 0.5 - 32) / f; ground 0.3 m below appears at depth 0.3 f / (r + 0.5 - 32).
    focal = 32 / math.tan(math.radians(29))
    image = render(scene_of(), [0], *level_camera(), POLICY_CAMERA, FAR)[0]
    assert (image[:32] == 0).all()
    np.testing.assert_allclose(image[63], 0.3 * focal / 31.5, rtol=1e-5)
    first_in_range = next(r for r in range(32, 64) if 0.3 * focal / (r + 0.5 - 32) <= FAR)
    assert (image[32:first_in_range] == 0).all() and (image[first_in_range:] > 0).all()


def test_positive_pitch_looks_down():
    # Looking down by 30 degrees from 0.3 m the centre of the image meets the ground at 0.3 / sin(30) = 0.6 m.
    pinhole = CameraIntrinsics(3, 3, 1000.0, 1000.0, 1.0, 1.0)
    image = render(scene_of(), [0], *level_camera(pitch=math.radians(30)), pinhole, FAR)[0]
    assert image[1, 1] == pytest.approx(0.6, abs=1e-5)


def test_left_of_the_robot_is_left_in_the_image():
    stack = scene_of(((1.0, 1.2), (0.3, 0.6), (0.0, 0.6)), floor=-5.0)
    image = render(stack, [0], *level_camera(), POLICY_CAMERA, FAR)[0]
    assert (image[:, :32] > 0).any() and not (image[:, 32:] > 0).any()


def test_the_camera_sits_ahead_of_and_above_the_base():
    position, _ = camera_poses(np.array([[1.0, 2.0, 0.3]]), np.array([[1.0, 0, 0, 0]]), CameraMount())
    np.testing.assert_allclose(position[0], [1.27, 2.0, 0.33])


def test_each_camera_sees_its_own_scene_however_many_threads_render():
    rng = np.random.default_rng(8)
    terrains = [make_terrain(name, 0.8, rng) for name in TERRAINS]
    models = [build_world(terrain, max_boxes=40) for terrain in terrains]
    scenes = [DepthScene.from_model(model) for model in models]
    stack = SceneStack.of(scenes)
    poses = [random_poses(model, rng, 1) for model in models]
    position, axes = (np.concatenate(parts) for parts in zip(*poses, strict=True))
    together = render(stack, np.arange(len(scenes)), position, axes, POLICY_CAMERA, FAR, threads=2)
    for i, scene in enumerate(scenes):
        alone = render(SceneStack.of([scene]), [0], position[i : i + 1], axes[i : i + 1], POLICY_CAMERA, FAR)[
            0
        ]
        np.testing.assert_array_equal(together[i], alone)


def test_a_scene_index_outside_the_stack_is_refused():
    with pytest.raises(ValueError, match=r"found 1\.\.1, have 1 scenes"):
        render(scene_of(), [1], *level_camera(), POLICY_CAMERA, FAR)
