"""The interface of a subcommand of ``wmp``."""

from __future__ import annotations

import argparse
import sys
from typing import Protocol

#: Command line that runs ``wmp`` in its own process with this interpreter, wherever its script is installed.
WMP = (sys.executable, "-c", "import sys; from wmp_cli.cli import main; sys.exit(main())")


class UsageError(Exception):
    """The user's mistake: shown in one line, exit code 2."""


class Command(Protocol):
    """A subcommand.

    Any installed package adds one with an entry point in the group ``wmp.commands``: the name of the entry
    point is the subcommand, its value an object with these members. Every call of ``wmp`` imports it to build
    the parser, so heavy imports belong inside :meth:`run`.

    It may have ``mistakes``, a tuple of exceptions: those that :meth:`run` raises are shown like a
    :class:`UsageError`.
    """

    help: str
    """One line for the overview of commands."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments; may set ``parser.description`` and ``parser.epilog``."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command; returns the exit code."""
