"""``wmp doctor``: check everything that a robot needs before it walks."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from wmp_bringup.locations import shipped_parameters
from wmp_cli.command import UsageError
from wmp_cli.doctor.sections import SECTIONS, RobotAddress, Sections
from wmp_cli.options import add_bundle_option, bundle_folder
from wmp_core.a1.link import LinkError
from wmp_core.doctor.check import Check, Verdict
from wmp_core.doctor.wiggle import WiggleError, wiggle
from wmp_core.manifest import BundleError
from wmp_core.signing import SignatureError

DESCRIPTION = """Checks the bundle and its speed on this machine, real-time readiness, clock, ROS, camera and
robot. Prints for each check what was found and what to do. The robot receives damping commands only, unless
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
    mistakes = (BundleError, SignatureError)

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
        sections = parser.add_mutually_exclusive_group()
        sections.add_argument(
            "--only",
            nargs="+",
            choices=SECTIONS,
            metavar="SECTION",
            help="only these sections: " + ", ".join(SECTIONS),
        )
        sections.add_argument(
            "--skip",
            nargs="+",
            choices=SECTIONS,
            default=[],
            metavar="SECTION",
            help="all but these sections",
        )
        in_file = "(default: that of the parameter file)"
        parser.add_argument("--robot-address", metavar="HOST", help=f"address of the robot {in_file}")
        parser.add_argument("--robot-port", type=int, metavar="PORT", help=f"UDP port of the robot {in_file}")
        parser.add_argument("--local-port", type=int, metavar="PORT", help=f"own UDP port {in_file}")
        parser.add_argument("--wiggle", action="store_true", help="move one joint at a time; robot hanging")
        parser.add_argument("--yes", action="store_true", help="do not ask for confirmation of --wiggle")
        parser.add_argument("--json", action="store_true", help="print the checks as JSON")

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the checks; the exit code is that of the epilog."""
        address = RobotAddress(arguments.robot_address, arguments.robot_port, arguments.local_port)
        file = arguments.params_file or shipped_parameters("real")
        try:
            sections = Sections(bundle_folder(arguments.bundle), file, address)
        except ValueError as error:
            raise UsageError(str(error)) from error
        report = _Report(arguments.json)
        if arguments.wiggle:
            _wiggle(sections, report, arguments.yes)
        else:
            for section in arguments.only or [name for name in SECTIONS if name not in arguments.skip]:
                report.add(sections.check(section))
        return report.finish()


class _Report:
    """Prints every check as soon as it is made, or all of them as JSON at the end."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._checks: list[Check] = []

    def add(self, checks: list[Check]) -> None:
        self._checks += checks
        if not self._as_json:
            for check in checks:
                print(f"{check.verdict.value:4}  {check.name}: {check.found}")
                if check.remedy:
                    print(f"      -> {check.remedy}")

    def finish(self) -> int:
        """Print the summary; the exit code."""
        failures = sum(check.verdict is Verdict.FAIL for check in self._checks)
        if self._as_json:
            content = {"ok": failures == 0, "checks": [check.to_dict() for check in self._checks]}
            print(json.dumps(content, indent=2))
        else:
            warnings = sum(check.verdict is Verdict.WARN for check in self._checks)
            print(f"{len(self._checks)} checks: {failures} failed, {warnings} warnings")
        return 1 if failures else 0


def _wiggle(sections: Sections, report: _Report, confirmed: bool) -> None:
    """Check the robot, then move its joints: a robot that is not plausible at rest is not moved."""
    checks = sections.check("robot")
    report.add(checks)
    if any(check.verdict is Verdict.FAIL for check in checks):
        return
    if not confirmed and not _confirm_hanging():
        raise UsageError("the wiggle test was not confirmed; hang the robot up, then answer yes or add --yes")
    try:
        moved = wiggle(
            sections.link(), sections.contract(), lambda name: print(f"moving {name}", file=sys.stderr)
        )
        report.add(moved)
    except (WiggleError, LinkError) as error:
        report.add([Check("wiggle", Verdict.FAIL, str(error), "the robot is damped; find the cause first")])


def _confirm_hanging() -> bool:
    if not sys.stdin.isatty():
        return False
    answer = input("Does the robot hang with all feet free, and is everybody clear of its legs? [yes/no] ")
    return answer.strip().lower() == "yes"
