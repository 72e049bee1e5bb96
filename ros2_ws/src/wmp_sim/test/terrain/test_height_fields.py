"""Rough ground and slopes: heights by hand, and the same ground in physics."""

import mujoco
import numpy as np
import pytest

from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world


def ground_height(model: mujoco.MjModel, x: float, y: float) -> float:
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    data.qpos[2] += 100.0
    mujoco.mj_forward(model, data)
    return 5.0 - mujoco.mj_ray(model, data, [x, y, 5.0], [0.0, 0.0, -1.0], None, 1, -1, None)


@pytest.mark.parametrize(("difficulty", "amplitude"), [(0.0, 0.01), (0.5, 0.03), (1.0, 0.05)])
def test_rough_ground_stays_within_its_amplitude_and_reaches_it(difficulty, amplitude):
    heights = make_terrain("rough", difficulty, np.random.default_rng(1)).height_field.heights
    assert np.abs(heights).max() <= amplitude
    assert np.abs(heights).max() > 0.95 * amplitude


def test_slope_climbs_to_its_platform_by_the_gradient():
    terrain = make_terrain("slope", 1.0, np.random.default_rng(5))
    model = build_world(terrain)
    # Ramp, platform and ramp end at x = 9; the platform is 3 m long: at most 0.4 * (9 - 0.8 - 3) / 2 high.
    platform = ground_height(model, 5.0, 0.0)
    assert 0.4 * (9 - 1.3 - 3) / 2 - 0.05 <= abs(platform) <= 0.4 * (9 - 0.8 - 3) / 2 + 0.05
    assert ground_height(model, 0.0, 0.0) == pytest.approx(0.0, abs=1e-6)


def test_slopes_go_both_ways():
    signs = {
        np.sign(make_terrain("slope", 1.0, np.random.default_rng(s)).height_field.heights[25, 70])
        for s in range(8)
    }
    assert signs == {-1.0, 1.0}


def test_height_field_in_physics_has_the_terrain_heights():
    terrain = make_terrain("rough", 1.0, np.random.default_rng(2))
    model = build_world(terrain, max_boxes=4)
    heights = terrain.height_field.heights
    # Row 25 is y = 0, column i is x = -2 + 0.1 i.
    for column in (40, 55, 81):
        assert ground_height(model, -2.0 + 0.1 * column, 0.0) == pytest.approx(heights[25, column], abs=1e-5)
