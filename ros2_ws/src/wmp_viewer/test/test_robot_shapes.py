"""The drawn robot is the simulated one."""

import mujoco
import numpy as np
import pytest

from wmp_sim.a1 import JOINT_NAMES, LEGS
from wmp_sim.robot import SimulatedA1
from wmp_sim.terrain import seeded_terrain
from wmp_sim.world import build_world
from wmp_viewer.base_estimate import BaseEstimate, foot_positions
from wmp_viewer.robot_shapes import foot_offsets, robot_bodies


@pytest.fixture(scope="module")
def model():
    return build_world(seeded_terrain("flat", 0.0, 0), actuators="torque", physics_dt=0.001)


def test_bodies_sit_and_turn_as_in_the_simulation(model):
    for body in robot_bodies()[1:]:
        simulated = model.body(body["name"])
        joint = model.joint(f"{body['name']}_joint")
        assert body["origin"] == pytest.approx(simulated.pos)
        assert body["axis"] == pytest.approx(joint.axis)
        assert JOINT_NAMES[body["joint"]] == joint.name
        assert body["parent"] == model.body(int(simulated.parentid[0])).name


def test_every_shape_that_collides_has_the_place_and_size_of_a_simulated_one(model):
    drawn = 0
    for body in robot_bodies():
        geoms = [
            model.geom(i)
            for i in range(model.ngeom)
            if model.geom(i).bodyid[0] == model.body(body["name"]).id
        ]
        for shape in [shape for shape in body["shapes"] if shape.get("collides")]:
            centre = shape.get("at") or np.add(shape["from"], shape["to"]) / 2
            match = [geom for geom in geoms if np.allclose(geom.pos, centre, atol=1e-6)]
            assert match, (body["name"], shape)
            size = shape.get("size") or [shape["radius"]]
            assert any(np.allclose(geom.size[: len(size)], size) for geom in match), (body["name"], shape)
            drawn += 1
    assert drawn == 1 + 4 * 5  # trunk; hip, shoulder, thigh, calf and foot of each leg


def test_feet_are_where_the_simulation_has_them(model):
    data = mujoco.MjData(model)
    q = np.linspace(-0.4, 0.5, 12) + np.tile([0.0, 0.8, -1.5], 4)
    data.qpos[:7] = 0, 0, 0, 1, 0, 0, 0
    data.qpos[7:] = q
    mujoco.mj_kinematics(model, data)
    simulated = [data.geom(f"{leg}_foot").xpos for leg in LEGS]
    assert foot_positions(q) == pytest.approx(np.array(simulated), abs=1e-9)
    assert set(foot_offsets()) == set(LEGS)


def test_the_height_of_a_standing_robot_is_estimated_from_its_joints(model):
    robot = SimulatedA1(model, "standing")
    state, truth = robot.state(), robot.ground_truth()
    estimate = BaseEstimate()
    _, _, z, *_ = estimate.pose(state.quat_wxyz.tolist(), state.q)
    assert z == pytest.approx(truth.position[2], abs=0.01)


def test_the_place_is_integrated_along_the_heading():
    estimate = BaseEstimate()
    estimate.orientation = [np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)]  # facing +y
    for _ in range(10):
        estimate.advance(0.1, [0.5, 0.0, 0.0])
    estimate.advance(5.0, [0.5, 0.0, 0.0])  # a gap in the data moves nothing
    estimate.advance(0.1, None)
    x, y, *_ = estimate.pose(estimate.orientation, np.zeros(12))
    assert (x, y) == pytest.approx((0.0, 0.5), abs=1e-9)
