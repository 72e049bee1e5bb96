"""Checks of ROS: rclpy and our messages can be imported, and discovery stays on this machine."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping

from wmp_cli.environment import MIDDLEWARE, SERVER, check_environment
from wmp_core.doctor.check import Check, failed, passed, warned


def check_ros(environment: Mapping[str, str] = os.environ) -> list[Check]:
    """Checks of the environment, rclpy, wmp_msgs and the range of discovery."""
    findings = check_environment(environment)
    checks = [failed(finding.variable, finding.found, finding.remedy) for finding in findings]
    if any(finding.variable == MIDDLEWARE for finding in findings):
        os.environ.pop(MIDDLEWARE, None)  # importing rclpy would end the process: the other checks go on
    if environment.get(SERVER):
        checks.append(
            warned(
                SERVER,
                f"{environment[SERVER]}: nodes find each other only through this discovery server",
                f"unset {SERVER}, unless the server runs and every node of the graph uses it",
            )
        )
    return [
        *checks,
        _module("rclpy", "source your ROS 2 set-up file, or run this from the environment of `make setup`"),
        _module("wmp_msgs.msg", "build the messages: `make setup`, or colcon build in ros2_ws"),
        _discovery(environment),
    ]


def _module(name: str, remedy: str) -> Check:
    try:
        importlib.import_module(name)
    except ImportError as error:
        return failed(name.split(".")[0], f"cannot be imported ({error})", remedy)
    return passed(name.split(".")[0], "installed")


def _discovery(environment: Mapping[str, str]) -> Check:
    domain = environment.get("ROS_DOMAIN_ID", "0")
    local = (
        environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE") in ("LOCALHOST", "OFF")
        or environment.get("ROS_LOCALHOST_ONLY") == "1"
    )
    if local:
        return passed("discovery", f"domain {domain}, this machine only")
    return warned(
        "discovery",
        f"domain {domain}, open to the network: any machine there can publish cmd_vel",
        "export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST (Humble: ROS_LOCALHOST_ONLY=1), or set up SROS 2",
    )
