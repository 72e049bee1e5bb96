"""``wmp faults``: inject every kind of fault into a simulated walk and report the consequences."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from wmp_cli.command import UsageError
from wmp_cli.faults.result import COLUMNS, line, report
from wmp_cli.faults.walk import walk_until_fault
from wmp_cli.options import add_bundle_option, add_json_option, bundle_folder
from wmp_cli.output import check_file, check_new_folder, write_json
from wmp_core.bundle import Bundle
from wmp_core.manifest import BundleError
from wmp_sim.faults.schedule import KINDS

DESCRIPTION = """Walks the simulated A1 through the ROS 2 graph once per kind of fault. Prints for each kind
when the fault was detected, how the controller reacted, whether the robot fell, how many commands on the wire
were outside the envelope (there must be none), and whether the bag of the walk can be read.

Walks run in lockstep, so they repeat bit for bit, with the safety limits of a1_real.yaml. Faults that hit
processes or operator requests need real time; these walks use the wider limits of a1_sim.yaml, because robot
and controller share this computer."""

EXAMPLES = """examples:
  wmp faults --json faults.json            all kinds
  wmp faults --only imu_nan udp_loss_30    two of them

exit code: 0 all commands inside the envelope and all bags readable; 1 otherwise; 2 wrong arguments"""


class FaultsCommand:
    """The subcommand ``wmp faults``."""

    help = "inject every kind of fault into a simulated walk and report the consequences"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        add_bundle_option(parser)
        add_json_option(parser)
        parser.add_argument(
            "--only",
            nargs="+",
            action="extend",
            choices=list(KINDS),
            metavar="KIND",
            help="only these kinds: " + ", ".join(KINDS),
        )
        parser.add_argument("--keep", type=Path, metavar="DIR", help="keep logs and bags in this new folder")

    def run(self, arguments: argparse.Namespace) -> int:
        """Walk once per kind; the exit code is that of the epilog."""
        check_file("--json", arguments.json, arguments.overwrite)
        check_new_folder("--keep", arguments.keep)
        bundle = bundle_folder(arguments.bundle)
        try:
            Bundle.load_unverified(bundle)
        except (BundleError, OSError) as error:
            raise UsageError(str(error)) from error
        kinds = arguments.only or list(KINDS)
        results = []
        with tempfile.TemporaryDirectory(prefix="wmp_faults_") as scratch:
            print(line(COLUMNS), flush=True)
            for number, kind in enumerate(kinds, 1):
                print(f"fault {number} of {len(kinds)}: {kind}", file=sys.stderr, flush=True)
                results.append(walk_until_fault(kind, bundle, (arguments.keep or Path(scratch)) / kind))
                print(line(results[-1].row()), flush=True)
        if arguments.keep is not None:
            print(f"wrote {arguments.keep}: logs and bags of every walk")
        if arguments.json is not None:
            write_json(arguments.json, report(results))
        return 0 if all(result.passed for result in results) else 1
