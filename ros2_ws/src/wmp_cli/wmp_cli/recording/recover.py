"""``wmp recover``: make a complete bag of one whose recorder was killed or whose disk was full."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wmp_cli.command import UsageError
from wmp_cli.output import check_new_folder

EXAMPLES = """examples:
  wmp recover bags/cut_off bags/complete

NEW keeps message definitions, QoS and the notes on the run, and orders messages by log time. Types that are
not installed are copied too if BAG describes them.

exit code: 0 recovered; 2 wrong arguments, or nothing to recover"""


class RecoverCommand:
    """The subcommand ``wmp recover``."""

    help = "make a complete bag of one that is cut off or damaged"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description = (
            "Copies every message of BAG that can be read into the new MCAP bag NEW, with an index: the same "
            "messages that 'wmp replay' and 'wmp play' find."
        )
        parser.epilog = EXAMPLES
        parser.add_argument(
            "bag",
            type=Path,
            metavar="BAG",
            help="damaged bag: rosbag2 folder, .mcap or .db3 file, compressed or not; is not changed",
        )
        parser.add_argument("new", type=Path, metavar="NEW", help="new folder for the complete bag")

    def run(self, arguments: argparse.Namespace) -> int:
        """Copy the messages; the exit code is that of the epilog."""
        check_new_folder("NEW", arguments.new)
        from wmp_recording.recovery import recover  # not needed for --help
        from wmp_recording.storage.errors import BagError

        try:
            recovered = recover(arguments.bag, arguments.new)
        except (BagError, OSError) as error:
            raise UsageError(str(error)) from error
        for problem in recovered.problems:
            print(f"{arguments.bag}: {problem}", file=sys.stderr)
        print(f"wrote {arguments.new}: {recovered.messages} messages recovered from {arguments.bag}")
        return 0
