"""``wmp record``: record the topics of a running graph into a bag."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from wmp_cli.options import (
    add_bundle_option,
    add_domain_option,
    bundle_folder,
    check_new_bag,
    enter_domain,
)

EXAMPLES = """examples:
  wmp record                                       into a new folder bags/<date>_<time>, until Ctrl-C
  wmp record bags/stairs --bundle a1_wmp_v1        into a named folder, with the identity of a named bundle
  wmp record bags/sim --domain-id 7 --lockstep     beside a 'wmp sim --domain-id 7 --lockstep'
  wmp record bags/stairs --camera                  with the camera's own frames, about 6 MB/s
  wmp record bags/again --await wmp/latent         beside a 'wmp play --lockstep --listeners 2'

Ctrl-C, a closed terminal or SIGTERM complete the bag. If the recorder is killed or the computer loses power,
the bag lacks its last 0.5 s and its index; wmp replay still reads it and reports this, and wmp recover makes
a complete bag of it."""


class RecordCommand:
    """The subcommand ``wmp record``."""

    help = "record the running graph into an MCAP bag"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description = "Records every topic of the graph, with the identity of the bundle that walks."
        parser.epilog = EXAMPLES
        parser.add_argument("bag", type=Path, nargs="?", help="new folder (default: bags/<date>_<time>)")
        add_bundle_option(parser)
        parser.add_argument(
            "--lockstep",
            action="store_true",
            help="stamp messages with simulated time, for wmp sim --lockstep",
        )
        parser.add_argument(
            "--camera",
            action="store_true",
            help="also record the camera topics of a camera driver or of the simulation; a camera that "
            "depth_node reads from USB itself has none",
        )
        parser.add_argument(
            "--await",
            dest="awaited",
            nargs="+",
            default=[],
            metavar="TOPIC",
            help="subscribe to wmp/policy_step only once these topics have a publisher: who waits for "
            "subscribers there, as policy_node does, then starts when the recorder misses nothing",
        )
        add_domain_option(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Record until a signal."""
        bag = arguments.bag or Path("bags") / time.strftime("%Y%m%d_%H%M%S")
        enter_domain(arguments)
        check_new_bag(bag)
        parameters = {
            "output": bag.resolve(),
            "bundle": bundle_folder(arguments),
            "lockstep": str(arguments.lockstep).lower(),
            "camera": str(arguments.camera).lower(),
            "awaited": f"'{' '.join(arguments.awaited)}'",
        }
        # The recorder is the graph's own node: it takes its parameters from sys.argv.
        sys.argv = ["recorder", "--ros-args"]
        for name, value in parameters.items():
            sys.argv += ["-p", f"{name}:={value}"]
        from wmp_recording.recorder import main  # after the domain is set; not needed for --help

        code = main()
        if code == 0:
            print(f"wrote {bag}")
        return code
