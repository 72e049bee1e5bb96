"""Settings of the link and the controller from policy_node's parameters."""

from __future__ import annotations

import math

from rclpy.node import Node

from wmp_core.a1.link import A1LinkSettings
from wmp_core.control.controller import ControllerSettings
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.control.posture import PostureSettings
from wmp_core.control.safety_monitor import SafetySettings
from wmp_ros.parameters import declare, declare_settings

_ANY_POSE = 2 * math.pi


def link_settings(node: Node, lockstep: bool, envelope: EnvelopeSettings) -> A1LinkSettings:
    """Address and transport of the robot: ``robot.*``; the final damping stays within ``envelope``.

    Raises:
        ValueError: there is no address. A default would let a mistyped parameter file command a real robot.
    """
    address = declare(node, "robot.address", "")
    if not address:
        raise ValueError(
            "parameter robot.address is not set: start with a parameter file that names this node "
            "(wmp_bringup has a1_sim.yaml and a1_real.yaml)"
        )
    return A1LinkSettings(
        transport=declare(node, "robot.transport", "udp"),
        robot_host=address,
        robot_port=declare(node, "robot.port", 8007),
        local_port=declare(node, "robot.local_port", 8080),
        stamp_from_tick=lockstep,
        damping_kd=envelope.damping_kd,
        damping_power=envelope.power_limit,
    )


def envelope_settings(node: Node) -> EnvelopeSettings:
    """Limits of every command: ``envelope.*``."""
    return declare_settings(node, "envelope", EnvelopeSettings)


def controller_settings(node: Node, dry_run: bool, envelope: EnvelopeSettings) -> ControllerSettings:
    """Rate, PD mode, postures and safety limits: ``loop_rate``, ``pd``, ``posture.*``, ``safety.*``.

    Raises:
        ValueError: a parameter is out of its range.
    """
    rate = declare(node, "loop_rate", 500.0)
    if not rate > 0:
        raise ValueError(f"parameter loop_rate is {rate}, expected a positive number of Hz")
    return ControllerSettings(
        loop_period=1.0 / rate,
        pd=declare(node, "pd", "motor"),
        # In a dry run the joints do not follow, so the policy may start from any pose.
        walk_pose_tolerance=_ANY_POSE if dry_run else ControllerSettings.walk_pose_tolerance,
        envelope=envelope,
        posture=declare_settings(node, "posture", PostureSettings),
        safety=declare_settings(node, "safety", SafetySettings),
    )
