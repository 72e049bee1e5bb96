"""``wmp record``: record a running graph into a bag."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from wmp_cli.options import add_bundle_option, add_domain_option, bundle_folder, use_domain
from wmp_cli.output import check_new_folder

EXAMPLES = """examples:
  wmp record                                       into a new folder bags/<date>_<time>, until Ctrl-C
  wmp record bags/stairs --bundle a1_wmp_v1
  wmp record bags/sim --domain-id 7 --lockstep     beside a 'wmp sim --domain-id 7 --lockstep'
  wmp record bags/stairs --camera                  with the raw camera images, about 6 MB/s
  wmp record bags/again --await wmp/latent         beside a 'wmp play --lockstep --listeners 2'

Ctrl-C, SIGTERM or closing the terminal completes the bag. If the recorder is killed or the computer loses
power, the bag lacks its last seconds and its metadata; wmp replay still reads it, with a warning."""


class RecordCommand:
    """The subcommand ``wmp record``."""

    help = "record a running graph into an MCAP bag"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description = (
            "Records every topic of the graph, together with the name and hash of the bundle that it runs."
        )
        parser.epilog = EXAMPLES
        parser.add_argument("bag", type=Path, nargs="?", help="new folder (default: bags/<date>_<time>)")
        add_bundle_option(parser)
        parser.add_argument(
            "--lockstep",
            action="store_true",
            help="stamp the bag in simulated time, as wmp sim --lockstep does",
        )
        parser.add_argument(
            "--camera",
            action="store_true",
            help="also record the images that a camera driver or the simulation publishes; depth_node does "
            "not publish those of a camera that it reads over USB",
        )
        parser.add_argument(
            "--await",
            dest="awaited",
            nargs="+",
            default=[],
            metavar="TOPIC",
            help="subscribe to wmp/policy_step only once these topics have a publisher: a player that waits "
            "for this subscription then starts when nothing can be missed",
        )
        add_domain_option(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Record until a signal."""
        use_domain(arguments.domain_id)
        bag = arguments.bag or Path("bags") / time.strftime("%Y%m%d_%H%M%S")
        check_new_folder("bag", bag)
        parameters = {
            "output": bag.resolve(),
            "bundle": bundle_folder(arguments.bundle),
            "lockstep": str(arguments.lockstep).lower(),
            "camera": str(arguments.camera).lower(),
            "awaited": f"'{' '.join(arguments.awaited)}'",
        }
        # The recorder is a node of the graph; it takes its parameters from the command line.
        sys.argv = ["recorder", "--ros-args"]
        for name, value in parameters.items():
            sys.argv += ["-p", f"{name}:={value}"]
        from wmp_recording.recorder import main  # after the domain is set; --help needs no ROS

        code = main()
        if bag.is_dir():
            print(f"wrote {bag}")
        return code
