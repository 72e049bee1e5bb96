"""The sections of ``wmp doctor``: each a list of checks on the bundle and the settings of the real graph."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import Value, node_parameters
from wmp_cli.doctor.ros import check_ros
from wmp_core.a1.link import A1LinkSettings
from wmp_core.a1.robot_link import RobotLink
from wmp_core.a1.transport import create_link
from wmp_core.bundle import Bundle
from wmp_core.contract import Contract
from wmp_core.doctor.bundle import check_bundle, check_inference
from wmp_core.doctor.check import Check, failed
from wmp_core.doctor.clock import check_clock
from wmp_core.doctor.realtime import check_loop, check_realtime
from wmp_core.doctor.robot import check_robot
from wmp_core.signing import load_trusted_keys

SECTIONS = ("bundle", "realtime", "clock", "ros", "camera", "robot")


class DoctorSections:
    """Runs the checks of a section.

    Raises:
        FileNotFoundError, ParameterFileError, SignatureError, ValueError: the parameter file, its list of
            trusted keys, or an address is not usable.
    """

    def __init__(self, bundle: Path, arguments: argparse.Namespace) -> None:
        self._bundle_path = bundle
        file = arguments.params_file or shipped_parameters("real")
        self._policy, self._depth = node_parameters(file, "policy_node"), node_parameters(file, "depth_node")
        trusted = self._policy.get("trusted_keys")
        self._trusted_keys = load_trusted_keys(str(trusted)) if trusted else ()
        self._link_settings = _link_settings(self._policy, arguments)

    def contract(self) -> Contract:
        """The interface between the bundle's networks and the robot."""
        return Bundle.load_unverified(self._bundle_path).contract

    def link(self) -> RobotLink:
        """A closed link to the robot."""
        return create_link(self._link_settings, self.contract().joints.names)

    def check(self, section: str) -> list[Check]:
        """The checks of ``section``, one of :data:`SECTIONS`."""
        sections: dict[str, Callable[[], list[Check]]] = {
            "bundle": self._bundle,
            "realtime": self._realtime,
            "clock": lambda: [check_clock()],
            "ros": check_ros,
            "camera": self._camera,
            "robot": lambda: check_robot(self.link(), self.contract()),
        }
        return sections[section]()

    def check_camera_file(self, file: str) -> list[Check]:
        """The checks of the camera, on a recording of librealsense."""
        from wmp_cli.doctor.camera import check_camera
        from wmp_perception.realsense import CameraSettings

        try:
            return check_camera(CameraSettings(file=file, file_at_live_pace=False))
        except ValueError as error:
            return [failed("camera", str(error), "name a .bag or .db3 of realsense-viewer or rs-record")]

    def _bundle(self) -> list[Check]:
        provider = str(self._policy.get("provider", "cpu"))
        check, bundle = check_bundle(self._bundle_path, provider, self._trusted_keys)
        return [check, *(check_inference(bundle) if bundle is not None else [])]

    def _realtime(self) -> list[Check]:
        priority = int(self._policy.get("realtime.priority", 0)) or 80
        return [
            *check_realtime(priority=priority),
            check_loop(),
            check_loop(busy_processes=os.cpu_count() or 1),
        ]

    def _camera(self) -> list[Check]:
        from wmp_cli.doctor.camera import check_camera  # loads librealsense
        from wmp_perception.realsense import CameraSettings

        settings = {
            key: self._depth[f"camera.{key}"]
            for key in ("width", "height", "fps", "serial")
            if f"camera.{key}" in self._depth
        }
        return check_camera(CameraSettings(**settings))


def _link_settings(policy: dict[str, Value], arguments: argparse.Namespace) -> A1LinkSettings:
    """The options, else the parameters of policy_node, else the defaults of the link."""
    port, local_port = arguments.robot_port, arguments.local_port
    settings = {
        "robot_host": arguments.robot_address or policy.get("robot.address"),
        "robot_port": policy.get("robot.port") if port is None else port,
        "local_port": policy.get("robot.local_port") if local_port is None else local_port,
        "transport": policy.get("robot.transport"),
    }
    if not settings["robot_host"]:
        raise ValueError("the parameter file has no robot.address for policy_node; use --robot-address")
    return A1LinkSettings(**{key: value for key, value in settings.items() if value is not None})
