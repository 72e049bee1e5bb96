"""``wmp sim``: the whole graph on this machine, with a simulated A1 at the end of the cable."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from pathlib import Path

from wmp_bringup.isolation import NoFreeDomainError, reserve_domain
from wmp_bringup.locations import shipped_parameters
from wmp_bringup.options import Option
from wmp_cli.command import UsageError
from wmp_cli.environment import SERVER
from wmp_cli.options import add_bundle_option, add_domain_option, add_overwrite_option, check_domain
from wmp_cli.sim.settings import (
    MODE,
    USER_OPTIONS,
    SimSettings,
    graph_environment,
    settings_from,
    viewer_port,
)
from wmp_cli.sim.stop_request import stop_on_signals
from wmp_cli.view import open_browser
from wmp_core.manifest import BundleError
from wmp_sim.faults.schedule import KINDS

DESCRIPTION = """Starts the same nodes as on the robot, each in a process of its own, and a simulated A1 that
speaks the robot's UDP protocol; stands it up, walks, sits it down.

A walk ends after --duration, at Ctrl-C, or where the ground does: stairs_up, gap, course, and a slope that
leads through a valley, drop off 9 m or more from the start, and one metre before that the run is over."""

EXAMPLES = """examples:
  wmp sim                                          walk on flat ground until Ctrl-C
  wmp sim --terrain rough --vx 0.4 --duration 20   20 s over rough ground
  wmp sim --terrain stairs_up --difficulty 0.3     up the stairs, to the end of the track
  wmp sim --view --terrain course                  with the cockpit: cover the camera, push the robot
  wmp sim --vx 0 --yaw 0.5 --record bags/turning   turn in place and record an MCAP bag
  wmp sim --lockstep --duration 9 --fault imu_nan@6:0.5
                                                   what happens when the IMU fails for half a second
  wmp sim --set policy_node/safety.slow_speed=0.2
                                                   another value than the parameter file's
  wmp sim --lockstep --duration 20 --json sim.json
                                                   a run that repeats bit for bit, figures in a file

exit code: 0 walked and stopped as asked, or came to the end of the track; 1 fell, or a node or recorder
died; 2 wrong arguments; 130 stopped before the end of --duration"""


class SimCommand:
    """The subcommand ``wmp sim``."""

    help = "walk a simulated A1 through the real ROS 2 graph"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the graph's options and those of this command."""
        parser.description = DESCRIPTION
        parser.epilog = EXAMPLES
        defaults = shipped_parameters(MODE)
        for option in USER_OPTIONS:
            if option.name == "bundle":
                add_bundle_option(parser)
            else:
                _add_option(parser, option, defaults)
        parser.add_argument(
            "--fault",
            action="append",
            default=[],
            metavar="KIND@T[:DURATION]",
            help="inject a fault T seconds of the robot's time after it begins to stand up (it walks after "
            "3.5 s); may be repeated. Kinds: " + ", ".join(KINDS),
        )
        parser.add_argument(
            "--params-file", type=Path, metavar="FILE", help=f"ROS parameter file (default: {defaults})"
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            dest="assignments",
            metavar="NODE/PARAMETER=VALUE",
            help="override a parameter of that file; may be repeated",
        )
        parser.add_argument(
            "--record", type=Path, metavar="DIR", help="record an MCAP rosbag2 in this new folder"
        )
        parser.add_argument(
            "--flights",
            type=Path,
            metavar="DIR",
            help="keep the last 30 s before a FAULT, and before the end, as bags in this folder",
        )
        parser.add_argument(
            "--json", type=Path, metavar="FILE", help="write the figures of the run to this file"
        )
        add_overwrite_option(parser, "the --json FILE")
        parser.add_argument(
            "--view", action="store_true", help="show the robot in the browser: the page's address is printed"
        )
        add_domain_option(parser, default="one that is free")
        parser.add_argument(
            "--log-dir", type=Path, metavar="DIR", help="logs of the nodes (default: below ~/.ros/log)"
        )
        parser.add_argument(
            "--verbose",
            action="store_true",
            help="show the nodes' logs, the timing of every stage, and late cycles and latents",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        """Simulate as asked; the exit code is that of the epilog."""
        try:
            check_domain(arguments.domain_id)
            settings = settings_from(arguments)
            reservation = reserve_domain(settings.domain_id)
        except (BundleError, ValueError, OSError, NoFreeDomainError) as error:
            raise UsageError(str(error)) from error
        domain = reservation.domain_id
        for warning in settings.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        print(f"ROS domain {domain} (to join: wmp record --domain-id {domain})", file=sys.stderr)
        environment = graph_environment(domain, settings.log_folder)
        if arguments.view:
            environment["WMP_VIEW_TOKEN"] = _announce_page(settings)
        # rclpy reads its transport from this process's own environment.
        os.environ.pop(SERVER, None)
        os.environ.update(environment)
        from wmp_cli.sim.run import simulate  # after the environment is set, and not needed for --help

        with stop_on_signals() as stop:
            return simulate(settings, environment, stop)


def _announce_page(settings: SimSettings) -> str:
    """Print the address of the cockpit, open it on a desktop, and return the token in it."""
    from wmp_viewer.access import new_token, page_address

    token = new_token()
    address = page_address("127.0.0.1", viewer_port(settings), token)
    print(f"cockpit: {address}", file=sys.stderr)
    # Once the viewer listens; the nodes start within seconds.
    threading.Timer(4.0, open_browser, [address]).start()
    return token


def _add_option(parser: argparse.ArgumentParser, option: Option, defaults: Path) -> None:
    flag = f"--{option.name.replace('_', '-')}"
    default = option.default(defaults)
    text = option.help + (
        f" (default: {default}{' ' + option.unit if option.unit else ''})" if default is not None else ""
    )
    if option.type is bool:
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
    else:
        parser.add_argument(
            flag, type=option.type, choices=option.choices or None, metavar=option.unit or None, help=text
        )
