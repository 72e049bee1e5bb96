"""The A1 as URDF with primitive geometry, for RViz, Foxglove and other tools that draw or simulate robots.

Links, masses, inertias, joints and limits are the published ones of ``wmp_sim``'s robot facts, shapes those
of the page. ``base_link`` is the root; ``camera_depth_optical_frame`` looks along its z axis (REP 103).
"""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree

import numpy as np

from wmp_sim import a1
from wmp_sim.depth.camera import CameraMount
from wmp_viewer.robot_shapes import robot_bodies

ROOT_LINK, CAMERA_FRAME = "base_link", "camera_depth_optical_frame"
DEFAULT_MOUNT = CameraMount()
_COLOURS = {
    "trunk": "0.85 0.88 0.91 1",
    "accent": "0.14 0.39 0.79 1",
    "hip": "0.71 0.75 0.80 1",
    "thigh": "0.71 0.75 0.80 1",
    "calf": "0.2 0.24 0.29 1",
    "foot": "0.2 0.24 0.29 1",
    "camera": "0.2 0.24 0.29 1",
}


def robot_urdf(camera: CameraMount = DEFAULT_MOUNT) -> str:
    """The description as XML text, with the depth camera mounted at ``camera``."""
    robot = ElementTree.Element("robot", name="a1")
    for part, colour in _COLOURS.items():
        ElementTree.SubElement(ElementTree.SubElement(robot, "material", name=part), "color", rgba=colour)
    for body in robot_bodies():
        _add_link(robot, body)
    for leg in a1.LEGS:
        foot = f"{leg}_foot"
        _add_inertial(ElementTree.SubElement(robot, "link", name=foot), foot)
        _add_fixed_joint(robot, f"{leg}_calf", foot, a1.facts()["joints"][f"{leg}_foot_fixed"]["origin"])
    ElementTree.SubElement(robot, "link", name=CAMERA_FRAME)
    # Optical axes: z forward, x right, y down; then the pitch about the camera's y axis (left).
    optical = [-math.pi / 2 - camera.pitch, 0.0, -math.pi / 2]
    _add_fixed_joint(robot, ROOT_LINK, CAMERA_FRAME, camera.position, optical)
    ElementTree.indent(robot)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(robot, encoding="unicode") + "\n"


def _add_link(robot: ElementTree.Element, body: dict[str, Any]) -> None:
    is_root = body["parent"] is None
    link = ElementTree.SubElement(robot, "link", name=ROOT_LINK if is_root else body["name"])
    _add_inertial(link, body["name"])
    for shape in body["shapes"]:
        for kind in ("visual", "collision") if shape.get("collides") else ("visual",):
            element = ElementTree.SubElement(link, kind)
            _add_shape(element, shape)
            if kind == "visual":
                ElementTree.SubElement(element, "material", name=shape["part"])
    if not is_root:
        _add_joint(robot, body)


def _add_inertial(link: ElementTree.Element, name: str) -> None:
    facts = a1.facts()["links"][name]
    inertial = ElementTree.SubElement(link, "inertial")
    _add_origin(inertial, facts["com"])
    ElementTree.SubElement(inertial, "mass", value=repr(float(facts["mass"])))
    xx, yy, zz, xy, xz, yz = map(repr, map(float, facts["ixx_iyy_izz_ixy_ixz_iyz"]))
    ElementTree.SubElement(inertial, "inertia", ixx=xx, iyy=yy, izz=zz, ixy=xy, ixz=xz, iyz=yz)


def _add_joint(robot: ElementTree.Element, body: dict[str, Any]) -> None:
    name = f"{body['name']}_joint"
    limit = a1.facts()["joints"][name]["limit"]
    joint = ElementTree.SubElement(robot, "joint", name=name, type="revolute")
    parent = ROOT_LINK if body["parent"] == "trunk" else body["parent"]
    ElementTree.SubElement(joint, "parent", link=parent)
    ElementTree.SubElement(joint, "child", link=body["name"])
    _add_origin(joint, body["origin"])
    ElementTree.SubElement(joint, "axis", xyz=_numbers(body["axis"]))
    limits = {key: str(limit[key]) for key in ("lower", "upper", "effort", "velocity")}
    ElementTree.SubElement(joint, "limit", limits)


def _add_fixed_joint(
    robot: ElementTree.Element, parent: str, child: str, place: Any, turn: Any = (0.0, 0.0, 0.0)
) -> None:
    joint = ElementTree.SubElement(robot, "joint", name=f"{child}_fixed", type="fixed")
    ElementTree.SubElement(joint, "parent", link=parent)
    ElementTree.SubElement(joint, "child", link=child)
    _add_origin(joint, place, turn)


def _add_shape(parent: ElementTree.Element, shape: dict[str, Any]) -> None:
    if "at" in shape:
        _add_origin(parent, shape["at"])
    else:
        start, end = np.array(shape["from"], dtype=float), np.array(shape["to"], dtype=float)
        _add_origin(parent, (start + end) / 2, _roll_pitch_along(end - start))
    geometry = ElementTree.SubElement(parent, "geometry")
    if shape["kind"] == "box":
        ElementTree.SubElement(geometry, "box", size=_numbers([2 * side for side in shape["size"]]))
    elif shape["kind"] == "sphere":
        ElementTree.SubElement(geometry, "sphere", radius=str(shape["radius"]))
    else:
        length = float(np.linalg.norm(end - start))
        ElementTree.SubElement(geometry, "cylinder", radius=str(shape["radius"]), length=f"{length:.6g}")


def _roll_pitch_along(direction: np.ndarray) -> list[float]:
    """Roll, pitch and yaw that turn the z axis along ``direction``."""
    x, y, z = direction / np.linalg.norm(direction)
    return [-math.asin(y), math.atan2(x, z), 0.0]


def _add_origin(parent: ElementTree.Element, place: Any, turn: Any = (0.0, 0.0, 0.0)) -> None:
    ElementTree.SubElement(parent, "origin", xyz=_numbers(place), rpy=_numbers(turn))


def _numbers(values: Any) -> str:
    return " ".join(f"{float(value):.9g}" for value in values)
