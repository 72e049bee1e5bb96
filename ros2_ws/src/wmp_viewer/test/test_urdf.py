"""The URDF describes the simulated robot, as MuJoCo's own URDF reader understands it."""

from xml.etree import ElementTree

import mujoco
import numpy as np
import pytest

from wmp_sim.a1 import JOINT_NAMES, LEGS, facts
from wmp_sim.depth.camera import CameraMount, camera_poses
from wmp_sim.terrain import seeded_terrain
from wmp_sim.world import build_world
from wmp_viewer.urdf import CAMERA_FRAME, ROOT_LINK, robot_urdf

#: Without it MuJoCo merges the feet into the calves and drops frames without a mass.
KEEP_ALL = '<robot name="a1"><mujoco><compiler fusestatic="false" discardvisual="false"/></mujoco>'


@pytest.fixture(scope="module")
def model():
    return mujoco.MjModel.from_xml_string(robot_urdf().replace('<robot name="a1">', KEEP_ALL))


def test_it_has_the_joints_with_their_limits_and_the_mass_of_the_robot(model):
    assert [model.joint(i).name for i in range(model.njnt)] == list(JOINT_NAMES)
    for name in JOINT_NAMES:
        limit = facts()["joints"][name]["limit"]
        assert model.joint(name).range == pytest.approx([float(limit["lower"]), float(limit["upper"])])
    simulated = build_world(seeded_terrain("flat", 0.0, 0))
    # The simulation adds the IMU's mass to the trunk.
    imu = facts()["links"]["imu_link"]["mass"]
    assert model.body_mass.sum() == pytest.approx(simulated.body_mass.sum() - imu, rel=1e-6)


def test_links_are_where_the_simulation_has_them(model):
    simulated = build_world(seeded_terrain("flat", 0.0, 0))
    ours, theirs = mujoco.MjData(model), mujoco.MjData(simulated)
    q = np.linspace(-0.3, 0.4, 12) + np.tile([0.0, 0.8, -1.5], 4)
    ours.qpos[:], theirs.qpos[:7], theirs.qpos[7:] = q, (0, 0, 0, 1, 0, 0, 0), q
    mujoco.mj_kinematics(model, ours)
    mujoco.mj_kinematics(simulated, theirs)
    for leg in LEGS:
        for part in ("hip", "thigh", "calf"):
            name = f"{leg}_{part}"
            assert ours.body(name).xpos == pytest.approx(theirs.body(name).xpos, abs=1e-6)
        assert ours.body(f"{leg}_foot").xpos == pytest.approx(theirs.geom(f"{leg}_foot").xpos, abs=1e-6)


@pytest.mark.parametrize("pitch", [0.0, 0.4])
def test_the_camera_frame_has_the_optical_axes(pitch):
    mount = CameraMount(pitch=pitch)
    model = mujoco.MjModel.from_xml_string(robot_urdf(mount).replace('<robot name="a1">', KEEP_ALL))
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    position, axes = camera_poses(np.zeros((1, 3)), np.array([[1.0, 0, 0, 0]]), mount)
    frame = data.body(CAMERA_FRAME)
    assert frame.xpos == pytest.approx(position[0])
    # Columns are x right, y down, z forward.
    assert pytest.approx(axes[0], abs=1e-6) == frame.xmat.reshape(3, 3).T


def test_motors_lie_along_the_axis_of_the_thigh(model):
    root = ElementTree.fromstring(robot_urdf())
    assert root.find(f"link[@name='{ROOT_LINK}']") is not None
    cylinders = np.flatnonzero(model.geom_type == mujoco.mjtGeom.mjGEOM_CYLINDER)
    assert len(cylinders) == 2 * 2 * len(LEGS)  # hip motor and shoulder, each drawn and colliding
    for i in cylinders:
        turn = np.zeros(9)
        mujoco.mju_quat2Mat(turn, model.geom_quat[i])
        assert np.abs(turn.reshape(3, 3)[:, 2]) == pytest.approx([0, 1, 0], abs=1e-6)
