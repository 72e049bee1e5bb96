"""The interface of a subcommand of ``wmp``."""

from __future__ import annotations

import argparse
import sys
from typing import Protocol

#: Command line that starts ``wmp`` in a new process with this interpreter; needs no installed script.
WMP = (sys.executable, "-c", "import sys; from wmp_cli.cli import main; sys.exit(main())")


class UsageError(Exception):
    """An argument is wrong or cannot be satisfied; shown to the user in one line, exit code 2."""


class Command(Protocol):
    """A subcommand.

    An installed package adds one with an entry point in the group ``wmp.commands``: the name of the entry
    point is the word typed after ``wmp``, its value an object with these members. Every call of ``wmp``
    imports all of them, so heavy imports belong inside :meth:`run`.

    It may have ``mistakes``, a tuple of exceptions: if :meth:`run` raises one of them, it is shown like a
    :class:`UsageError`.
    """

    help: str
    """One line for the list of commands."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments; may also set ``parser.description`` and ``parser.epilog``."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command; returns the exit code."""
