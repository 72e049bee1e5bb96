"""``wmp recover``: make a complete bag from one whose recorder was killed or whose disk was full."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmp_cli.command import UsageError
from wmp_cli.options import check_new_bag


class RecoverCommand:
    """The subcommand ``wmp recover``."""

    help = "make a complete bag from an incomplete one"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description = "Copies every message that can still be read from BAG into NEW, with an index."
        parser.epilog = """examples:
  wmp recover bags/stairs bags/stairs_recovered    after a killed recorder or a full disk"""
        parser.add_argument("bag", type=Path, metavar="BAG", help="folder of the damaged bag; not changed")
        parser.add_argument("new", type=Path, metavar="NEW", help="new folder for the complete bag")

    def run(self, arguments: argparse.Namespace) -> int:
        """Recover every readable message."""
        check_new_bag(arguments.new)
        from wmp_recording.recovery import recover  # not needed for --help

        try:
            count = recover(arguments.bag, arguments.new)
        except OSError as error:
            raise UsageError(str(error)) from error
        print(f"wrote {arguments.new}: {count} messages recovered")
        return 0
