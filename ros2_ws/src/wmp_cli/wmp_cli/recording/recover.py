"""``wmp recover``: make a whole bag of one whose recorder was killed, or whose disk was full."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmp_cli.command import UsageError


class RecoverCommand:
    """The subcommand ``wmp recover``."""

    help = "make a whole bag of one that has no end"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description = "Copies every message that can still be read from BAG into NEW, with an index."
        parser.add_argument("bag", type=Path, help="folder of the damaged bag; it stays as it is")
        parser.add_argument("new", type=Path, help="folder of the whole bag")

    def run(self, arguments: argparse.Namespace) -> int:
        """Recover what there is."""
        from wmp_recording.recovery import recover  # not needed for --help

        try:
            count = recover(arguments.bag, arguments.new)
        except OSError as error:
            raise UsageError(str(error)) from error
        print(f"{count} messages recovered into {arguments.new}")
        return 0
