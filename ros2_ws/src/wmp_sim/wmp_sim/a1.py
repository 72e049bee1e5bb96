"""The Unitree A1 as a MuJoCo model, built from ``assets/a1_facts.json``.

Masses, inertias, joint origins, ranges and limits are the published ones, and so are the collision shapes
(sizes from ``robots/a1_description/xacro/const.xacro`` of the maker's ``unitree_ros``), but for the trunk:
the published box leaves the rear free, which lets a policy crawl through bars that would stop the robot; here
it spans the whole trunk. Hip motors and shoulders have flat ends: with round ones a robot slides into slots
that are narrower than itself.

Order of joints, actuators and legs is FL, FR, RL, RR (x hip, thigh, calf) everywhere.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import mujoco
import numpy as np

LEGS = ("FL", "FR", "RL", "RR")
JOINT_NAMES = tuple(f"{leg}_{part}_joint" for leg in LEGS for part in ("hip", "thigh", "calf"))

#: Geometry groups: terrain (what the depth camera sees), robot, and padding that equalises model layouts.
TERRAIN_GROUP, ROBOT_GROUP, PADDING_GROUP = 0, 3, 5

#: Armature: rotor inertia at the joint [kg m^2]. The source gives none; without it, stiff gains are unstable.
ARMATURE = 0.01
FOOT_RADIUS = 0.02
FOOT_FRICTION = 0.8

# Trunk box [m]: 0.194 x 0.114 as published, from the published front (x = 0.29) to the end of the rear
# hip motors (the robot is 0.5 m long).
TRUNK_FRONT, TRUNK_REAR, TRUNK_WIDTH, TRUNK_HEIGHT = 0.29, -0.25, 0.194, 0.114
# Hip motor, a cylinder around the hip joint, and thigh shoulder, one further out; both along the axis of the
# thigh joint, radius and half length [m]. The shoulder's outer face is 0.144 m from the trunk's middle plane:
# 0.047 to the hip joint, 0.081 to the shoulder, 0.016 to its face.
HIP_RADIUS, HIP_HALF_LENGTH = 0.046, 0.020
SHOULDER_RADIUS, SHOULDER_HALF_LENGTH = 0.041, 0.016
# Cross-sections of the boxes that are thigh and calf: along x and along y [m].
THIGH_DEPTH, THIGH_WIDTH = 0.034, 0.0245
CALF_DEPTH, CALF_WIDTH = 0.016, 0.016

Actuators = Literal["position", "torque"]


@dataclass(frozen=True)
class A1Model:
    """Constants of the robot, one value per joint in the order of ``joint_names`` (rad, rad/s, N m).

    ``kp`` [N m/rad] and ``kd`` [N m s/rad] are the gains of the walking policy.
    """

    joint_names: tuple[str, ...]
    default_position: np.ndarray
    position_lower: np.ndarray
    position_upper: np.ndarray
    velocity_limit: np.ndarray
    torque_limit: np.ndarray
    kp: np.ndarray
    kd: np.ndarray


@functools.cache
def facts() -> dict[str, Any]:
    """Links and joints of the A1's published description."""
    return json.loads((Path(__file__).parent / "assets" / "a1_facts.json").read_text())


@functools.cache
def a1_model() -> A1Model:
    """Constants of the A1: joint and effort limits from the facts, default pose and gains of the policy."""
    limits = [facts()["joints"][name]["limit"] for name in JOINT_NAMES]

    def limit(key: str) -> np.ndarray:
        return np.array([float(entry[key]) for entry in limits])

    front_left, front_right = (0.1, 0.8, -1.5), (-0.1, 0.8, -1.5)
    rear_left, rear_right = (0.1, 1.0, -1.5), (-0.1, 1.0, -1.5)
    constants = A1Model(
        joint_names=JOINT_NAMES,
        default_position=np.array(front_left + front_right + rear_left + rear_right),
        position_lower=limit("lower"),
        position_upper=limit("upper"),
        velocity_limit=limit("velocity"),
        torque_limit=limit("effort"),
        kp=np.full(12, 40.0),
        kd=np.full(12, 1.0),
    )
    for key, value in vars(constants).items():
        if key != "joint_names":
            value.setflags(write=False)
    return constants


def build_a1(spec: mujoco.MjSpec, actuators: Actuators = "position") -> mujoco.MjsBody:
    """Add the A1 to ``spec``: bodies, shapes, sensors and twelve actuators; return its trunk.

    ``position`` actuators apply ``kp (ctrl - q) - kd dq`` inside the effort limits: ``kp`` is
    ``actuator_gainprm[:, 0]`` and ``-actuator_biasprm[:, 1]``, ``kd`` is ``-actuator_biasprm[:, 2]``.
    ``torque`` actuators apply ``ctrl`` inside the limits.

    Sensors: ``gyro``, ``accelerometer`` (base_link, gravity included), ``orientation`` (w, x, y, z),
    ``<leg>_foot`` (net contact force in the world frame, 3), and ``<leg>_hip``, ``<leg>_thigh``,
    ``<leg>_calf``, ``trunk`` (number of contacts, 1). ``<leg>_hip`` counts those of motor and shoulder.

    All shapes of the robot have contact priority: the friction of a contact is that of the robot's shape,
    whatever it touches.
    """
    trunk = _add_trunk(spec)
    for leg in LEGS:
        _add_leg(trunk, leg)
    _add_actuators(spec, actuators)
    _add_sensors(spec)
    return trunk


def _add_trunk(spec: mujoco.MjSpec) -> mujoco.MjsBody:
    trunk = spec.worldbody.add_body(name="trunk", **_inertial("trunk", "imu_link"))
    trunk.add_freejoint(name="base")
    trunk.add_site(name="imu", group=ROBOT_GROUP)
    half_size = [(TRUNK_FRONT - TRUNK_REAR) / 2, TRUNK_WIDTH / 2, TRUNK_HEIGHT / 2]
    _add_shape(
        trunk, "trunk", mujoco.mjtGeom.mjGEOM_BOX, half_size, pos=[(TRUNK_FRONT + TRUNK_REAR) / 2, 0, 0]
    )
    return trunk


def _add_leg(trunk: mujoco.MjsBody, leg: str) -> None:
    hip = _add_link(trunk, leg, "hip")
    shoulder = facts()["joints"][f"{leg}_hip_fixed"]["origin"]
    _add_cylinder(hip, f"{leg}_hip", [0.0, 0.0, 0.0], HIP_RADIUS, HIP_HALF_LENGTH)
    _add_cylinder(hip, f"{leg}_shoulder", shoulder, SHOULDER_RADIUS, SHOULDER_HALF_LENGTH)

    thigh = _add_link(hip, leg, "thigh")
    knee = facts()["joints"][f"{leg}_calf_joint"]["origin"]
    _add_bone(thigh, f"{leg}_thigh", knee, THIGH_DEPTH, THIGH_WIDTH)

    calf = _add_link(thigh, leg, "calf", merged=f"{leg}_foot")
    foot = facts()["joints"][f"{leg}_foot_fixed"]["origin"]
    _add_bone(calf, f"{leg}_calf", foot, CALF_DEPTH, CALF_WIDTH)
    sphere = _add_shape(calf, f"{leg}_foot", mujoco.mjtGeom.mjGEOM_SPHERE, [FOOT_RADIUS, 0, 0], pos=foot)
    sphere.friction[0] = FOOT_FRICTION


def _add_cylinder(
    body: mujoco.MjsBody, name: str, centre: list[float], radius: float, half_length: float
) -> None:
    x, y, z = centre
    ends = [x, y - half_length, z, x, y + half_length, z]
    _add_shape(body, name, mujoco.mjtGeom.mjGEOM_CYLINDER, [radius, 0, 0], fromto=ends)


def _add_bone(body: mujoco.MjsBody, name: str, end: list[float], depth: float, width: float) -> None:
    """A box from the body's origin to ``end``, which lies below it."""
    half_size = [depth / 2, width / 2, -end[2] / 2]
    _add_shape(body, name, mujoco.mjtGeom.mjGEOM_BOX, half_size, pos=[0, 0, end[2] / 2])


def _add_link(parent: mujoco.MjsBody, leg: str, part: str, merged: str | None = None) -> mujoco.MjsBody:
    """One link with its joint; ``merged`` names a link rigidly attached to it."""
    joint = facts()["joints"][f"{leg}_{part}_joint"]
    links = (f"{leg}_{part}",) if merged is None else (f"{leg}_{part}", merged)
    body = parent.add_body(name=f"{leg}_{part}", pos=joint["origin"], **_inertial(*links))
    body.add_joint(
        name=f"{leg}_{part}_joint",
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=joint["axis"],
        limited=True,
        range=[float(joint["limit"]["lower"]), float(joint["limit"]["upper"])],
        armature=ARMATURE,
    )
    return body


def _add_shape(
    body: mujoco.MjsBody, name: str, kind: mujoco.mjtGeom, size: list[float], **place: Any
) -> mujoco.MjsGeom:
    # The robot (conaffinity 1) collides with the terrain (contype 1) but not with itself.
    return body.add_geom(
        name=name,
        type=kind,
        size=size,
        contype=0,
        conaffinity=1,
        priority=1,
        group=ROBOT_GROUP,
        mass=0,
        **place,
    )


def _inertial(link: str, attached: str | None = None) -> dict[str, Any]:
    """Mass, centre of mass and inertia of ``link`` with ``attached`` fixed to it, for ``add_body``."""
    parts = [(facts()["links"][link], np.zeros(3))]
    if attached is not None:
        parts.append((facts()["links"][attached], _fixed_offset(link, attached)))
    masses = np.array([part["mass"] for part, _ in parts])
    centres = np.array([offset + part["com"] for part, offset in parts])
    centre = masses @ centres / masses.sum()
    inertia = np.zeros((3, 3))
    for (part, _), mass, arm in zip(parts, masses, centres - centre, strict=True):
        inertia += _tensor(part) + mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    xx, yy, zz, xy, xz, yz = inertia[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
    return {
        "explicitinertial": True,
        "mass": masses.sum(),
        "ipos": centre,
        "fullinertia": [xx, yy, zz, xy, xz, yz],
    }


def _tensor(link: dict[str, Any]) -> np.ndarray:
    xx, yy, zz, xy, xz, yz = link["ixx_iyy_izz_ixy_ixz_iyz"]
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def _fixed_offset(link: str, attached: str) -> np.ndarray:
    for joint in facts()["joints"].values():
        if joint["type"] == "fixed" and (joint["parent"], joint["child"]) == (link, attached):
            return np.array(joint["origin"])
    raise ValueError(f"a1_facts.json: no fixed joint from {link!r} to {attached!r}")


def _add_actuators(spec: mujoco.MjSpec, kind: Actuators) -> None:
    if kind not in ("position", "torque"):
        raise ValueError(f"actuators is {kind!r}, expected 'position' or 'torque'")
    robot = a1_model()
    for name, limit, kp, kd in zip(robot.joint_names, robot.torque_limit, robot.kp, robot.kd, strict=True):
        actuator = spec.add_actuator(
            name=name.removesuffix("_joint"),
            target=name,
            trntype=mujoco.mjtTrn.mjTRN_JOINT,
            forcelimited=True,
            forcerange=[-limit, limit],
        )
        if kind == "torque":
            actuator.set_to_motor()
        else:
            actuator.set_to_position(kp=kp, kv=kd)


def _add_sensors(spec: mujoco.MjSpec) -> None:
    sensor, obj = mujoco.mjtSensor, mujoco.mjtObj
    for name, kind in (("gyro", sensor.mjSENS_GYRO), ("accelerometer", sensor.mjSENS_ACCELEROMETER)):
        spec.add_sensor(name=name, type=kind, objtype=obj.mjOBJ_SITE, objname="imu")
    spec.add_sensor(name="orientation", type=sensor.mjSENS_FRAMEQUAT, objtype=obj.mjOBJ_SITE, objname="imu")

    field = mujoco.mjtConDataField
    found, force = 1 << int(field.mjCONDATA_FOUND), 1 << int(field.mjCONDATA_FORCE)
    first_match, net_force = 0, 3  # values of the XML attribute `reduce`: none, netforce
    shape, body = obj.mjOBJ_GEOM, obj.mjOBJ_BODY
    partners = [(f"{leg}_foot", shape, force, net_force) for leg in LEGS]
    for leg in LEGS:
        # The hip has two shapes. The body of the calf includes the foot, whose contacts are its own.
        partners.append((f"{leg}_hip", body, found, first_match))
        partners += [(f"{leg}_{part}", shape, found, first_match) for part in ("thigh", "calf")]
    partners.append(("trunk", shape, found, first_match))
    for name, kind, data, reduce in partners:
        spec.add_sensor(
            name=name,
            type=sensor.mjSENS_CONTACT,
            # The robot is the second partner of the contact, so that the sensor gives the force on the robot.
            reftype=kind,
            refname=name,
            intprm=[data, reduce, 1],
        )
