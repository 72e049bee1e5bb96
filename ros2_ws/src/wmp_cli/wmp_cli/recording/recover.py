"""``wmp recover``: make a complete bag of one whose recorder was killed or whose disk was full."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmp_cli.command import UsageError
from wmp_cli.output import check_new_folder

EXAMPLES = """examples:
  wmp recover bags/cut_off bags/complete

exit code: 0 recovered; 2 wrong arguments"""


class RecoverCommand:
    """The subcommand ``wmp recover``."""

    help = "make a complete bag of one that ends within a record"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description = (
            "Copies every message of BAG that can be read into the new bag NEW, with an index."
        )
        parser.epilog = EXAMPLES
        parser.add_argument("bag", type=Path, metavar="BAG", help="folder of the damaged bag; is not changed")
        parser.add_argument("new", type=Path, metavar="NEW", help="new folder for the complete bag")

    def run(self, arguments: argparse.Namespace) -> int:
        """Copy the messages; the exit code is that of the epilog."""
        check_new_folder("NEW", arguments.new)
        from wmp_recording.recovery import recover  # not needed for --help

        try:
            count = recover(arguments.bag, arguments.new)
        except OSError as error:
            raise UsageError(str(error)) from error
        print(f"wrote {arguments.new}: {count} messages recovered from {arguments.bag}")
        return 0
