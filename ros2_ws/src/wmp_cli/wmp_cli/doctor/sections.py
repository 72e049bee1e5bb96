"""The sections of ``wmp doctor``: which checks each one runs, with the settings of the real graph."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wmp_bringup.parameters import Value, node_parameters
from wmp_cli.doctor.ros import check_ros
from wmp_core.a1.link import A1LinkSettings
from wmp_core.a1.robot_link import RobotLink
from wmp_core.a1.transport import create_link
from wmp_core.bundle import Bundle
from wmp_core.contract import Contract
from wmp_core.doctor.bundle import check_bundle, check_inference
from wmp_core.doctor.check import Check
from wmp_core.doctor.clock import check_clock
from wmp_core.doctor.realtime import check_loop, check_realtime
from wmp_core.doctor.robot import check_robot
from wmp_core.signing import load_trusted_keys


@dataclass(frozen=True)
class RobotAddress:
    """Address of the robot; None: that of the parameter file."""

    host: str | None = None
    port: int | None = None
    local_port: int | None = None


class Sections:
    """Runs the checks of a section on one bundle, with the nodes' settings from one parameter file.

    Raises:
        ParameterFileError, SignatureError, ValueError: the parameter file, its list of trusted keys or the
            robot's address is not usable.
    """

    def __init__(self, bundle: Path, parameter_file: Path, address: RobotAddress) -> None:
        self._bundle_folder = bundle
        self._policy = node_parameters(parameter_file, "policy_node")
        self._depth = node_parameters(parameter_file, "depth_node")
        trusted = self._policy.get("trusted_keys")
        self._trusted_keys = load_trusted_keys(str(trusted)) if trusted else ()
        self._link_settings = _link_settings(self._policy, address)

    def check(self, section: str) -> list[Check]:
        """The checks of one of :data:`SECTIONS`."""
        return _CHECKS[section](self)

    def contract(self) -> Contract:
        """The contract of the bundle, which is not verified here."""
        return Bundle.load_unverified(self._bundle_folder).contract

    def link(self) -> RobotLink:
        """A new link to the robot."""
        return create_link(self._link_settings, self.contract().joints.names)

    def _bundle(self) -> list[Check]:
        provider = str(self._policy.get("provider", "cpu"))
        check, bundle = check_bundle(self._bundle_folder, provider, self._trusted_keys)
        return [check, *(check_inference(bundle) if bundle is not None else [])]

    def _realtime(self) -> list[Check]:
        priority = int(self._policy.get("realtime.priority", 0)) or 80
        return [
            *check_realtime(priority=priority),
            check_loop(),
            check_loop(busy_processes=os.cpu_count() or 1),
        ]

    def _camera(self) -> list[Check]:
        # Imported here: only this section needs librealsense.
        from wmp_cli.doctor.camera import check_camera
        from wmp_perception.realsense import CameraSettings

        settings = {
            key: self._depth[f"camera.{key}"]
            for key in ("width", "height", "fps", "serial")
            if f"camera.{key}" in self._depth
        }
        return check_camera(CameraSettings(**settings))

    def _robot(self) -> list[Check]:
        return check_robot(self.link(), self.contract())


_CHECKS: dict[str, Callable[[Sections], list[Check]]] = {
    "bundle": Sections._bundle,
    "realtime": Sections._realtime,
    "clock": lambda _: [check_clock()],
    "ros": lambda _: check_ros(),
    "camera": Sections._camera,
    "robot": Sections._robot,
}

SECTIONS = tuple(_CHECKS)


def _link_settings(policy: dict[str, Value], address: RobotAddress) -> A1LinkSettings:
    settings: dict[str, Value] = {
        "robot_host": policy.get("robot.address") if address.host is None else address.host,
        "robot_port": policy.get("robot.port") if address.port is None else address.port,
        "local_port": policy.get("robot.local_port") if address.local_port is None else address.local_port,
        "transport": policy.get("robot.transport"),
    }
    return A1LinkSettings(**{name: value for name, value in settings.items() if value is not None})
