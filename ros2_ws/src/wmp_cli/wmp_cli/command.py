"""What a subcommand of ``wmp`` looks like."""

from __future__ import annotations

import argparse
import sys
from typing import Protocol

#: Starts ``wmp`` in a process of its own, with this interpreter and wherever its script lies.
WMP = (sys.executable, "-c", "import sys; from wmp_cli.cli import main; sys.exit(main())")


class UsageError(Exception):
    """What was asked for cannot be done as asked; shown to the user in one line."""


class Command(Protocol):
    """A subcommand.

    Any installed package adds one with an entry point in the group ``wmp.commands``: the entry point's name
    is the word typed after ``wmp``, its value an object with these members. It is imported only when it is
    called (and for the list that ``wmp --help`` shows), so heavy imports belong inside :meth:`run`.

    It may have ``mistakes``, a tuple of exceptions: what :meth:`run` raises of them is the user's mistake and
    shown as a :class:`UsageError` is.
    """

    help: str
    """One line for the list of commands."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments; ``parser.description`` and ``epilog`` may be set here."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the result is the exit code."""
