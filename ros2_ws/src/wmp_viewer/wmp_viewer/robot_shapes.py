"""The A1 as a tree of bodies with primitive shapes, for the page.

A body is ``{name, parent, origin, axis, joint, shapes}``: its frame sits at ``origin`` [m] in the parent's
and turns about ``axis`` by the angle of joint number ``joint`` (contract order). Shapes are boxes (``size``:
half sides), cylinders (``from``, ``to``, ``radius``) and spheres (``at``, ``radius``), each with
a ``part`` that selects its material. Shapes that collide in the simulation have ``collides``; the others only
make the robot look like one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wmp_sim import a1

Shape = dict[str, Any]


def robot_bodies() -> list[dict[str, Any]]:
    """The trunk, then hip, thigh and calf of every leg; parents come before their children."""
    bodies = [_body("trunk", None, None, _trunk_shapes())]
    for leg in a1.LEGS:
        bodies += [
            _link(leg, "hip", "trunk", _hip_shapes(leg)),
            _link(leg, "thigh", f"{leg}_hip", _thigh_shapes(leg)),
            _link(leg, "calf", f"{leg}_thigh", _calf_shapes(leg)),
        ]
    return bodies


def foot_offsets() -> dict[str, list[float]]:
    """Leg -> centre of its foot in the frame of its calf [m]."""
    return {leg: list(a1.facts()["joints"][f"{leg}_foot_fixed"]["origin"]) for leg in a1.LEGS}


def _body(name: str, parent: str | None, joint: str | None, shapes: list[Shape]) -> dict[str, Any]:
    facts = a1.facts()["joints"][joint] if joint is not None else {"origin": (0, 0, 0), "axis": (1, 0, 0)}
    return {
        "name": name,
        "parent": parent,
        "origin": list(facts["origin"]),
        "axis": list(facts["axis"]),
        "joint": a1.JOINT_NAMES.index(joint) if joint is not None else None,
        "shapes": shapes,
    }


def _link(leg: str, part: str, parent: str, shapes: list[Shape]) -> dict[str, Any]:
    return _body(f"{leg}_{part}", parent, f"{leg}_{part}_joint", shapes)


def _trunk_shapes() -> list[Shape]:
    length, width, height = a1.TRUNK_FRONT - a1.TRUNK_REAR, a1.TRUNK_WIDTH, a1.TRUNK_HEIGHT
    centre = (a1.TRUNK_FRONT + a1.TRUNK_REAR) / 2
    half = [length / 2, width / 2, height / 2]
    return [
        {"kind": "box", "at": [centre, 0, 0], "size": half, "part": "trunk", "collides": True},
        # Seen from above the two ends look alike: the camera, a head and a handle tell front from rear.
        {"kind": "box", "at": [a1.TRUNK_FRONT, 0, 0.02], "size": [0.012, 0.05, 0.018], "part": "camera"},
        {"kind": "box", "at": [centre, 0, height / 2], "size": [0.13, 0.05, 0.012], "part": "accent"},
    ]


def _hip_shapes(leg: str) -> list[Shape]:
    shoulder = a1.facts()["joints"][f"{leg}_hip_fixed"]["origin"]
    return [
        _along_y([0.0, 0.0, 0.0], a1.HIP_RADIUS, a1.HIP_HALF_LENGTH, "hip"),
        _along_y(shoulder, a1.SHOULDER_RADIUS, a1.SHOULDER_HALF_LENGTH, "accent"),
    ]


def _thigh_shapes(leg: str) -> list[Shape]:
    knee = a1.facts()["joints"][f"{leg}_calf_joint"]["origin"]
    return [_bone(knee, a1.THIGH_DEPTH, a1.THIGH_WIDTH, "thigh")]


def _calf_shapes(leg: str) -> list[Shape]:
    foot = foot_offsets()[leg]
    return [
        _bone(foot, a1.CALF_DEPTH, a1.CALF_WIDTH, "calf"),
        {"kind": "sphere", "at": foot, "radius": a1.FOOT_RADIUS, "part": "foot", "collides": True},
    ]


def _along_y(centre: Sequence[float], radius: float, half: float, part: str) -> Shape:
    x, y, z = centre
    ends = {"from": [x, y - half, z], "to": [x, y + half, z]}
    return {"kind": "cylinder", **ends, "radius": radius, "part": part, "collides": True}


def _bone(end: Sequence[float], depth: float, width: float, part: str) -> Shape:
    """The box from a joint to ``end`` below it."""
    half = [depth / 2, width / 2, -end[2] / 2]
    return {"kind": "box", "at": [0.0, 0.0, end[2] / 2], "size": half, "part": part, "collides": True}
