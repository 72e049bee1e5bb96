"""``wmp doctor``: everything that must be right before a robot walks, checked one by one."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import ParameterFileError, Value, node_parameters
from wmp_cli.command import UsageError
from wmp_cli.doctor.ros import check_ros
from wmp_core.a1.link import A1LinkSettings, LinkError
from wmp_core.a1.transport import create_link
from wmp_core.bundle import Bundle
from wmp_core.default_bundle import find_bundle
from wmp_core.doctor.bundle import check_bundle, check_inference
from wmp_core.doctor.check import Check, Verdict
from wmp_core.doctor.clock import check_clock
from wmp_core.doctor.realtime import check_loop, check_realtime
from wmp_core.doctor.robot import check_robot
from wmp_core.doctor.wiggle import WiggleError, wiggle
from wmp_core.manifest import BundleError
from wmp_core.signing import SignatureError, load_trusted_keys

SECTIONS = ("bundle", "realtime", "clock", "ros", "camera", "robot")

DESCRIPTION = """Checks the bundle and its speed on this machine, real-time readiness, clock, ROS, camera and
robot; says of each what it found, and what to do. The robot receives damping and nothing else, unless
--wiggle is given."""

EXAMPLES = """examples:
  wmp doctor                              everything; robot and camera connected
  wmp doctor --skip robot camera          this computer alone
  wmp doctor --only robot                 the robot alone
  wmp doctor --json > report.json         for programs
  wmp doctor --wiggle                     robot hanging, feet free: moves one joint at a time by 0.05 rad

exit code: 0 nothing failed (there may be warnings); 1 something failed; 2 wrong arguments"""


class DoctorCommand:
    """The subcommand ``wmp doctor``."""

    help = "check computer, bundle, camera and robot before walking"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare sections, the robot's address and the wiggle test."""
        parser.description = DESCRIPTION
        parser.epilog = EXAMPLES
        parser.add_argument("--bundle", type=Path, help="folder (default: that of wmp sim)")
        parser.add_argument(
            "--params-file",
            type=Path,
            metavar="FILE",
            help="ROS parameter file (default: that of the real A1)",
        )
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=", ".join(SECTIONS))
        which.add_argument(
            "--skip", nargs="+", choices=SECTIONS, default=[], metavar="SECTION", help="as --only"
        )
        parser.add_argument("--robot-address", metavar="HOST", help="instead of the parameter file's")
        parser.add_argument("--robot-port", type=int, metavar="PORT", help="instead of the parameter file's")
        parser.add_argument("--local-port", type=int, metavar="PORT", help="instead of the parameter file's")
        parser.add_argument("--wiggle", action="store_true", help="move one joint at a time; robot hanging")
        parser.add_argument("--yes", action="store_true", help="do not ask before --wiggle")
        parser.add_argument("--json", action="store_true", help="print the checks as JSON")

    def run(self, arguments: argparse.Namespace) -> int:
        """Check as asked; the exit code is that of the epilog."""
        try:
            patient = _Patient(arguments)
        except (BundleError, FileNotFoundError, ParameterFileError, SignatureError, ValueError) as error:
            raise UsageError(str(error)) from error
        checks: list[Check] = []

        def note(found: list[Check]) -> None:
            checks.extend(found)
            if not arguments.json:
                for check in found:
                    _show(check)

        if arguments.wiggle:
            _wiggle(patient, note, arguments)
        else:
            for section in arguments.only or [name for name in SECTIONS if name not in arguments.skip]:
                note(patient.examine(section))
        failures = sum(check.verdict is Verdict.FAIL for check in checks)
        if arguments.json:
            print(
                json.dumps({"ok": failures == 0, "checks": [check.to_dict() for check in checks]}, indent=2)
            )
        else:
            warnings = sum(check.verdict is Verdict.WARN for check in checks)
            print(f"{len(checks)} checks: {failures} failed, {warnings} warnings")
        return 1 if failures else 0


class _Patient:
    """What is examined: where the bundle is, and the settings of the real graph."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._bundle_path = arguments.bundle or find_bundle()
        file = arguments.params_file or shipped_parameters("real")
        self._policy, self._depth = node_parameters(file, "policy_node"), node_parameters(file, "depth_node")
        trusted = self._policy.get("trusted_keys")
        self._trusted_keys = load_trusted_keys(str(trusted)) if trusted else ()
        self.link_settings = _link_settings(self._policy, arguments)

    def contract(self) -> Bundle:
        return Bundle.load_unverified(self._bundle_path)

    def examine(self, section: str) -> list[Check]:
        examinations: dict[str, Callable[[], list[Check]]] = {
            "bundle": self._bundle,
            "realtime": self._realtime,
            "clock": lambda: [check_clock()],
            "ros": check_ros,
            "camera": self._camera,
            "robot": self._robot,
        }
        return examinations[section]()

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
        from wmp_cli.doctor.camera import check_camera  # librealsense only where asked for
        from wmp_perception.realsense import CameraSettings

        wanted = {
            key: self._depth[f"camera.{key}"]
            for key in ("width", "height", "fps", "serial")
            if f"camera.{key}" in self._depth
        }
        return check_camera(CameraSettings(**wanted))

    def _robot(self) -> list[Check]:
        contract = self.contract().contract
        return check_robot(create_link(self.link_settings, contract.joints.names), contract)


def _link_settings(policy: dict[str, Value], arguments: argparse.Namespace) -> A1LinkSettings:
    given = {
        "robot_host": arguments.robot_address or policy.get("robot.address"),
        "robot_port": arguments.robot_port if arguments.robot_port is not None else policy.get("robot.port"),
        "local_port": arguments.local_port
        if arguments.local_port is not None
        else policy.get("robot.local_port"),
        "transport": policy.get("robot.transport"),
    }
    return A1LinkSettings(**{key: value for key, value in given.items() if value is not None})


def _wiggle(patient: _Patient, note: Callable[[list[Check]], None], arguments: argparse.Namespace) -> None:
    """The robot's own checks first: what is not plausible at rest is not moved."""
    checks = patient.examine("robot")
    note(checks)
    if any(check.verdict is Verdict.FAIL for check in checks):
        return
    if not arguments.yes and not _is_hanging():
        raise UsageError("the wiggle test was not confirmed")
    contract = patient.contract().contract
    link = create_link(patient.link_settings, contract.joints.names)
    try:
        note(wiggle(link, contract, lambda name: print(f"moving {name}", file=sys.stderr)))
    except (WiggleError, LinkError) as error:
        note([Check("wiggle", Verdict.FAIL, str(error), "the robot has been damped; find the cause first")])


def _is_hanging() -> bool:
    if not sys.stdin.isatty():
        return False
    answer = input("Does the robot hang with all feet free, and nobody's hand near its legs? [yes/no] ")
    return answer.strip().lower() == "yes"


def _show(check: Check) -> None:
    print(f"{check.verdict.value:4}  {check.name}: {check.found}")
    if check.remedy:
        print(f"      -> {check.remedy}")
