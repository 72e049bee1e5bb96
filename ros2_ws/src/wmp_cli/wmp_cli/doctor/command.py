"""``wmp doctor``: checks everything that must be right before a robot walks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from wmp_bringup.parameters import ParameterFileError
from wmp_cli.command import UsageError
from wmp_cli.doctor.sections import SECTIONS, DoctorSections
from wmp_cli.options import add_bundle_option, add_json_option, bundle_folder
from wmp_cli.output import check_file, write_json
from wmp_core.a1.link import LinkError
from wmp_core.doctor.check import Check, Verdict
from wmp_core.doctor.remote import check_remote
from wmp_core.doctor.wiggle import WiggleError, wiggle
from wmp_core.manifest import BundleError
from wmp_core.signing import SignatureError

DESCRIPTION = """Checks the bundle and its speed on this machine, real-time readiness, clock, ROS, camera and
robot. Prints for each check what it found and what to do. The robot receives only damping commands, unless
--wiggle is given."""

EXAMPLES = """examples:
  wmp doctor                              everything; robot and camera connected
  wmp doctor --skip robot camera          this computer only
  wmp doctor --only robot                 the robot only
  wmp doctor --json report.json           the checks in a file as well
  wmp doctor --wiggle                     robot suspended, feet free: moves one joint at a time by 0.05 rad
  wmp doctor --camera-file walk.bag       checks a recording of librealsense as it checks a camera
  wmp doctor --remote                     asks for each button of the A1's remote and shows what came

exit code: 0 nothing failed (there may be warnings); 1 something failed; 2 wrong arguments"""


class DoctorCommand:
    """The subcommand ``wmp doctor``."""

    help = "check computer, bundle, camera and robot before walking"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare sections, the robot's address and the wiggle test."""
        parser.description = DESCRIPTION
        parser.epilog = EXAMPLES
        add_bundle_option(parser)
        parser.add_argument(
            "--params-file",
            type=Path,
            metavar="FILE",
            help="ROS parameter file (default: that of the real A1)",
        )
        which = parser.add_mutually_exclusive_group()
        sections = ", ".join(SECTIONS)
        which.add_argument(
            "--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=f"only these of {sections}"
        )
        which.add_argument(
            "--skip", nargs="+", choices=SECTIONS, default=[], metavar="SECTION", help="all but these"
        )
        default = "(default: from the parameter file)"
        parser.add_argument("--robot-address", metavar="HOST", help=f"address of the robot {default}")
        parser.add_argument("--robot-port", type=int, metavar="PORT", help=f"UDP port of the robot {default}")
        parser.add_argument(
            "--local-port", type=int, metavar="PORT", help=f"UDP port of this computer {default}"
        )
        parser.add_argument(
            "--wiggle", action="store_true", help="move one joint at a time; the robot must be suspended"
        )
        parser.add_argument(
            "--camera-file", metavar="FILE", help="check this recording of librealsense (.bag, .db3) only"
        )
        parser.add_argument("--remote", action="store_true", help="try each button and stick of the remote")
        parser.add_argument(
            "--yes", action="store_true", help="confirm in advance that --wiggle may move the robot"
        )
        add_json_option(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the checks; the exit code is that of the epilog."""
        check_file("--json", arguments.json, arguments.overwrite)
        bundle = bundle_folder(arguments.bundle)
        try:
            sections = DoctorSections(bundle, arguments)
        except (BundleError, FileNotFoundError, ParameterFileError, SignatureError, ValueError) as error:
            raise UsageError(str(error)) from error
        checks: list[Check] = []

        def collect(found: list[Check]) -> None:
            checks.extend(found)
            for check in found:
                _show(check)

        if arguments.camera_file:
            collect(sections.check_camera_file(arguments.camera_file))
        elif arguments.remote:
            collect(_remote(sections))
        elif arguments.wiggle:
            _wiggle(sections, collect, confirmed=arguments.yes)
        else:
            for section in arguments.only or [name for name in SECTIONS if name not in arguments.skip]:
                collect(sections.check(section))
        failures = sum(check.verdict is Verdict.FAIL for check in checks)
        if arguments.json is not None:
            write_json(arguments.json, {"ok": failures == 0, "checks": [check.to_dict() for check in checks]})
        warnings = sum(check.verdict is Verdict.WARN for check in checks)
        print(f"{len(checks)} checks: {failures} failed, {warnings} warnings")
        return 1 if failures else 0


def _wiggle(sections: DoctorSections, collect: Callable[[list[Check]], None], confirmed: bool) -> None:
    """Check the robot at rest; move its joints only if nothing failed.

    Raises:
        UsageError: the user did not confirm that the robot may move.
    """
    checks = sections.check("robot")
    collect(checks)
    if any(check.verdict is Verdict.FAIL for check in checks):
        return
    if not confirmed and not _confirm():
        raise UsageError("the wiggle test was not confirmed")
    try:
        moved = wiggle(
            sections.link(), sections.contract(), lambda name: print(f"moving {name}", file=sys.stderr)
        )
        collect(moved)
    except (WiggleError, LinkError) as error:
        remedy = "the robot is damped; find the cause before trying again"
        collect([Check("wiggle", Verdict.FAIL, str(error), remedy)])


def _remote(sections: DoctorSections) -> list[Check]:
    print("have the robot lie on the ground, and press what is asked for within 10 s", file=sys.stderr)
    try:
        return check_remote(sections.link(), sections.contract(), lambda text: print(text, file=sys.stderr))
    except LinkError as error:
        return [Check("remote", Verdict.FAIL, str(error), "see the message")]


def _confirm() -> bool:
    """Ask at the terminal whether the robot may move; without a terminal: no."""
    if not sys.stdin.isatty():
        return False
    answer = input("Is the robot suspended with all feet free, and is everybody clear of its legs? [yes/no] ")
    return answer.strip().lower() == "yes"


def _show(check: Check) -> None:
    print(f"{check.verdict.value:4}  {check.name}: {check.found}")
    if check.remedy:
        print(f"      -> {check.remedy}")
