"""Entry point of the ``wmp`` command."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from wmp_cli.command import Command, UsageError
from wmp_cli.commands import MissingPlugin, commands
from wmp_cli.overview import overview
from wmp_cli.parser import EXIT_USAGE, CommandParser, one_line

EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of ``wmp``; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        available = commands()
        parser = make_parser(available)
        arguments = parser.parse_args(argv)
        if arguments.command is None:
            parser.print_help()
            return 0
        return _run(available[arguments.command], arguments)
    except KeyboardInterrupt:
        print("wmp: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _run(command: Command, arguments: argparse.Namespace) -> int:
    """Run ``command``; the user's mistakes are one line on stderr, others are raised."""
    try:
        return command.run(arguments)
    except ModuleNotFoundError as missing:
        if arguments.traceback:
            raise
        reason = f"needs the Python package {missing.name}; 'make setup-test' installs what is missing"
        return _refuse(arguments.command, reason)
    except (UsageError, *getattr(command, "mistakes", ())) as error:
        if arguments.traceback:
            raise
        return _refuse(arguments.command, str(error))


def _refuse(command: str, reason: str) -> int:
    print(f"wmp {command}: {one_line(reason)}", file=sys.stderr)
    return EXIT_USAGE


def make_parser(available: Mapping[str, Command]) -> CommandParser:
    """The parser of ``wmp`` with a subparser for each command."""
    parser = CommandParser(
        prog="wmp",
        usage="wmp [-h] [--version] [--traceback] COMMAND ...",
        description=overview(available),
        epilog="'wmp COMMAND --help' explains a command with examples.",
    )
    parser.add_argument("--version", action="version", version=f"wmp {_version()}")
    parser.add_argument("--traceback", action="store_true", help="show where an error was raised")
    # Without help texts argparse lists no commands: the overview does.
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", prog="wmp", help=argparse.SUPPRESS)
    for name, command in available.items():
        own = subparsers.add_parser(name)
        own.ignores_unknown = isinstance(command, MissingPlugin)
        command.add_arguments(own)
    return parser


def _version() -> str:
    try:
        return version("wmp_cli")
    except PackageNotFoundError:
        return "from an uninstalled source tree"
