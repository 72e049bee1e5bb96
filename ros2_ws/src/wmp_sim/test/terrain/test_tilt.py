"""Which slots the robot's body passes, by its published dimensions, in the compiled model."""

import mujoco
import numpy as np
import pytest

from wmp_sim.terrain import make_terrain
from wmp_sim.terrain.tilt import WIDTH
from wmp_sim.world import build_world

#: [m]: hip joints from the middle; from a hip joint outwards to the shoulder's face and to the leg's plane;
#: radius of shoulder and foot.
HIP, FACE, LEG, SHOULDER_RADIUS, FOOT_RADIUS = 0.047, 0.097, 0.08505, 0.041, 0.02


def width_of_model(roll: float, hips: tuple[float, float]) -> float:
    """Extent along world y of trunk, shoulders, thighs, calves and feet of a robot at ``roll`` whose left and
    right hips have the angles ``hips``; all in rad, legs bent as in standing."""
    model = build_world(make_terrain("flat", 0.0, np.random.default_rng(0)))
    data = mujoco.MjData(model)
    data.qpos[:7] = [0, 0, 5, np.cos(roll / 2), np.sin(roll / 2), 0, 0]
    data.qpos[7:] = [hips[0], 0.8, -1.6, hips[1], 0.8, -1.6] * 2
    mujoco.mj_forward(model, data)
    sides = [side for i in range(model.ngeom) if model.geom_group[i] == 3 for side in extent(model, data, i)]
    return max(sides) - min(sides)


def extent(model: mujoco.MjModel, data: mujoco.MjData, geom: int) -> tuple[float, float]:
    size, along_y = model.geom_size[geom], data.geom_xmat[geom].reshape(3, 3)[1]
    if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_SPHERE:
        half = size[0]
    elif model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_CYLINDER:
        half = size[0] * np.hypot(along_y[0], along_y[1]) + size[1] * abs(along_y[2])
    else:
        half = size @ np.abs(along_y)
    return data.geom_xpos[geom, 1] - half, data.geom_xpos[geom, 1] + half


def with_vertical_legs(roll: float, drawn_in: float) -> float:
    """Width by hand: the shoulders' upper outer edges, legs turned inwards by ``drawn_in``."""
    return 2 * (HIP * np.cos(roll) + FACE * np.cos(drawn_in) + SHOULDER_RADIUS * np.sin(drawn_in))


@pytest.mark.parametrize(
    ("degrees", "width"), [(0.0, 0.290), (15.0, 0.287), (25.0, 0.281), (26.7, 0.280), (30.0, 0.278)]
)
def test_with_vertical_legs_the_body_passes_these_slots(degrees, width):
    roll = np.radians(degrees)
    # Drawn in by 2 degrees, feet bent 0.8 rad below the shoulder are within them:
    # 0.085 - 0.279 sin 2 + 0.02 < 0.097 + 0.041 sin 2.
    drawn_in = np.radians(2.0)
    found = width_of_model(roll, (-roll - drawn_in, -roll + drawn_in))
    assert found == pytest.approx(with_vertical_legs(roll, drawn_in), abs=1e-6)
    assert found == pytest.approx(width, abs=0.0015)


@pytest.mark.parametrize(("degrees", "width"), [(0.0, 0.288), (15.9, 0.2994), (31.8, 0.288), (34.0, 0.2846)])
def test_with_the_hips_held_rolling_first_makes_the_shoulders_wider(degrees, width):
    # 2 (0.144 cos r + 0.041 sin r), largest at tan r = 0.041 / 0.144.
    roll = np.radians(degrees)
    assert 2 * (0.144 * np.cos(roll) + 0.041 * np.sin(roll)) == pytest.approx(width, abs=2e-4)


def test_the_narrowest_slot_leaves_clearance_at_25_degrees_of_roll_and_none_upright():
    roll, drawn_in = np.radians(25.0), np.radians(1.5)
    assert min(WIDTH) - with_vertical_legs(roll, drawn_in) == pytest.approx(0.0087, abs=5e-4)
    assert with_vertical_legs(0.0, drawn_in) == pytest.approx(min(WIDTH), abs=5e-4)
    assert 0.288 < min(WIDTH) < 0.2994
