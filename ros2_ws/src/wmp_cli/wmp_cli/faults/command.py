"""``wmp faults``: inject every kind of fault once and report the controller's reaction."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from wmp_cli.command import UsageError
from wmp_cli.faults.result import COLUMNS, FaultResult, report, table_row
from wmp_cli.faults.run import run_until_injected
from wmp_cli.options import add_bundle_option, add_overwrite_option, bundle_folder
from wmp_cli.output import check_file, write_json
from wmp_core.bundle import Bundle
from wmp_core.manifest import BundleError
from wmp_core.output_paths import check_new_folder
from wmp_sim.faults.schedule import KINDS

DESCRIPTION = """Walks the simulated A1 through the real graph once per kind of fault. Prints for each when it
was detected, how the controller reacted, whether the robot fell, how many commands on the wire were outside
the envelope (must be 0), and whether the bag of the walk is readable.

Walks run in lockstep, so that they repeat bit for bit, with the safety limits of a1_real.yaml. Faults of
processes or of the operator's commands run in real time, with the looser safety limits of a1_sim.yaml,
because robot and controller share this computer."""

EXAMPLES = """examples:
  wmp faults --json faults.json            every kind, about an hour
  wmp faults --only imu_nan udp_loss_30    two kinds
  wmp faults --only imu_nan --keep kept    keep the logs and the bag in kept/imu_nan

exit code: 0 all commands inside the envelope and all bags readable; 1 otherwise; 2 wrong arguments"""


class FaultsCommand:
    """The subcommand ``wmp faults``."""

    help = "inject every kind of fault into a simulated walk and report the reactions"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        add_bundle_option(parser)
        parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file")
        parser.add_argument(
            "--only", nargs="+", action="extend", choices=list(KINDS), metavar="KIND", help="only these kinds"
        )
        parser.add_argument("--keep", type=Path, metavar="DIR", help="keep logs and bags in DIR/KIND")
        add_overwrite_option(parser, "--json FILE or --keep DIR/KIND")

    def run(self, arguments: argparse.Namespace) -> int:
        """Walk once per kind; the exit code is that of the epilog."""
        bundle = bundle_folder(arguments.bundle)
        kinds = list(dict.fromkeys(arguments.only or KINDS))
        _check(bundle, kinds, arguments)
        with tempfile.TemporaryDirectory(prefix="wmp_faults_") as scratch:
            results = _walk(kinds, bundle, arguments.keep or Path(scratch))
        if arguments.json is not None:
            write_json(arguments.json, report(results))
        if arguments.keep is not None:
            print(f"wrote {arguments.keep}: logs and bags of {len(kinds)} kinds")
        return 0 if all(result.passed for result in results) else 1


def _check(bundle: Path, kinds: Sequence[str], arguments: argparse.Namespace) -> None:
    """Refuse whatever would fail after the walks.

    Raises:
        UsageError: the bundle is unreadable, or an output exists or cannot be written.
    """
    check_file("--json", arguments.json, arguments.overwrite)
    try:
        Bundle.load_unverified(bundle)
        for folder in [] if arguments.keep is None else [arguments.keep / kind for kind in kinds]:
            if not (arguments.overwrite and folder.is_dir()):
                check_new_folder(folder, "name another --keep, or --overwrite replaces it")
    except (BundleError, OSError) as error:
        raise UsageError(str(error)) from error


def _walk(kinds: Sequence[str], bundle: Path, folder: Path) -> list[FaultResult]:
    """Walk once per kind and print the table; the files of a walk go to ``folder``/kind."""
    print(table_row(COLUMNS), flush=True)
    results = []
    for number, kind in enumerate(kinds, 1):
        # On stderr, so that the table can be redirected and progress stays visible.
        print(f"fault {number} of {len(kinds)}: {kind}, {KINDS[kind]}", file=sys.stderr, flush=True)
        shutil.rmtree(folder / kind, ignore_errors=True)
        results.append(run_until_injected(kind, bundle, folder / kind))
        print(table_row(results[-1].cells()), flush=True)
    return results
