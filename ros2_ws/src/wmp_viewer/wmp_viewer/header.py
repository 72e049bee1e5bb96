"""What the page knows before the first frame: the robot, its limits, the camera and the bundle."""

from __future__ import annotations

from typing import Any

from wmp_core.bundle import Bundle
from wmp_core.control.modes import Mode
from wmp_viewer.robot_shapes import foot_offsets, robot_bodies

#: Number of the format of all items; the page refuses another one.
FORMAT = 1


def page_header(bundle: Bundle, source: str, **facts: Any) -> dict[str, Any]:
    """The ``header`` item.

    Args:
        source: where the data come from, for the title line.
        facts: further entries: ``live``; ``drive``, whether pages of this viewer may drive; ``faults``,
            kind -> effect of what a simulated robot can suffer.
    """
    contract = bundle.contract
    joints, limits, depth = contract.joints, contract.limits, contract.depth
    return {
        "kind": "header",
        "format": FORMAT,
        "source": source,
        "bundle": {"name": bundle.name, "sha256": bundle.sha256},
        "modes": [mode.name for mode in Mode],
        "bodies": robot_bodies(),
        "feet": foot_offsets(),
        "joints": list(joints.names),
        "default_position": list(joints.default_position),
        "torque_limit": list(joints.torque_limit),
        "surprise_limit": bundle.calibration.surprise,
        "command": {
            "vx": list(limits.command_vx),
            "vy": list(limits.command_vy),
            "yaw": list(limits.command_yaw_rate),
        },
        "camera": {
            "width": depth.width,
            "height": depth.height,
            "fov_deg": depth.fov_deg,
            "far": depth.far,
            "position": list(depth.position),
            "pitch": depth.pitch,
        },
        **facts,
    }
