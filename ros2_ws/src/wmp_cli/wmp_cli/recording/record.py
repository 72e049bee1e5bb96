"""``wmp record``: write what a running graph says into a bag."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from wmp_cli.command import UsageError
from wmp_core.default_bundle import find_bundle

EXAMPLES = """examples:
  wmp record                                       into a new folder bags/<date>_<time>, until Ctrl-C
  wmp record bags/stairs --bundle models/a1_wmp_v1
  wmp record bags/sim --domain-id 7 --lockstep     beside a 'wmp sim --domain-id 7 --lockstep'
  wmp record bags/stairs --camera                  with the camera's own frames, some 6 MB/s
  wmp record bags/again --await wmp/latent         beside a 'wmp play --lockstep --listeners 2'

Ctrl-C, a closed terminal or SIGTERM complete the bag. A recorder that is killed, or a computer that loses
power, leaves a bag without its last seconds and its notes; wmp replay reads it and says so."""


class RecordCommand:
    """The subcommand ``wmp record``."""

    help = "record the graph that is running into an MCAP bag"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description = "Records every topic of the graph, with the identity of the bundle that walks."
        parser.epilog = EXAMPLES
        parser.add_argument("bag", type=Path, nargs="?", help="new folder (default: bags/<date>_<time>)")
        parser.add_argument("--bundle", type=Path, help="the bundle that walks (default: that of wmp sim)")
        parser.add_argument(
            "--lockstep", action="store_true", help="bag time is simulated time, as in wmp sim --lockstep"
        )
        parser.add_argument(
            "--camera",
            action="store_true",
            help="record what the camera publishes as well: a driver or the simulation, not a camera that "
            "depth_node reads from USB itself",
        )
        parser.add_argument(
            "--await",
            dest="awaited",
            nargs="+",
            default=[],
            metavar="TOPIC",
            help="listen to wmp/policy_step only when these topics have a publisher: who waits for listeners "
            "there then waits until nothing can be missed",
        )
        parser.add_argument("--domain-id", type=int, metavar="N", help="ROS domain (default: $ROS_DOMAIN_ID)")

    def run(self, arguments: argparse.Namespace) -> int:
        """Record until a signal."""
        bag = arguments.bag or Path("bags") / time.strftime("%Y%m%d_%H%M%S")
        if bag.exists():
            raise UsageError(f"{bag} exists already; name a new folder")
        try:
            bundle = arguments.bundle or find_bundle()
        except FileNotFoundError as error:
            raise UsageError(str(error)) from error
        if arguments.domain_id is not None:
            os.environ["ROS_DOMAIN_ID"] = str(arguments.domain_id)
        parameters = {
            "output": bag.resolve(),
            "bundle": bundle.resolve(),
            "lockstep": str(arguments.lockstep).lower(),
            "camera": str(arguments.camera).lower(),
            "awaited": f"'{' '.join(arguments.awaited)}'",
        }
        # The recorder is the graph's own node; it takes its parameters from the command line.
        sys.argv = ["recorder", "--ros-args"]
        for name, value in parameters.items():
            sys.argv += ["-p", f"{name}:={value}"]
        from wmp_recording.recorder import main  # after the domain is set, and not needed for --help

        return main()
