"""The ``wmp`` command: one word per task, each a :class:`~wmp_cli.command.Command`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version

from wmp_cli.bench.command import BenchCommand
from wmp_cli.bundle import BundleCommand
from wmp_cli.command import Command, UsageError
from wmp_cli.doctor.command import DoctorCommand
from wmp_cli.faults.command import FaultsCommand
from wmp_cli.recording.play import PlayCommand
from wmp_cli.recording.record import RecordCommand
from wmp_cli.recording.recover import RecoverCommand
from wmp_cli.sim.command import SimCommand
from wmp_cli.teleop import TeleopCommand

PLUGIN_GROUP = "wmp.commands"
EXIT_USAGE = 2


class MissingPlugin:
    """Stands in for an installed command whose own dependencies are not installed."""

    def __init__(self, entry: EntryPoint, missing: ImportError) -> None:
        self._reason = f"'wmp {entry.name}' needs the Python package {missing.name or missing}"
        self._remedy = (
            f"install what {entry.dist.name if entry.dist else entry.module} needs ('make setup-test')"
        )
        self.help = f"not available: {self._reason}"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Accept anything: the answer is the same."""
        parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)

    def run(self, arguments: argparse.Namespace) -> int:
        """Name the remedy."""
        print(f"wmp: {self._reason}; {self._remedy}", file=sys.stderr)
        return EXIT_USAGE


def commands() -> dict[str, Command]:
    """All commands by name: the built-in ones, then the plug-ins of this environment."""
    found: dict[str, Command] = {
        "bench": BenchCommand(),
        "bundle": BundleCommand(),
        "doctor": DoctorCommand(),
        "faults": FaultsCommand(),
        "play": PlayCommand(),
        "record": RecordCommand(),
        "recover": RecoverCommand(),
        "sim": SimCommand(),
        "teleop": TeleopCommand(),
    }
    for entry in sorted(entry_points(group=PLUGIN_GROUP), key=lambda entry: entry.name):
        found[entry.name] = _load(entry)
    return found


def _load(entry: EntryPoint) -> Command:
    try:
        return entry.load()
    except ImportError as missing:
        return MissingPlugin(entry, missing)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of ``wmp``; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    parser, available = _parser()
    arguments, unknown = parser.parse_known_args(argv)
    command = available[arguments.command]
    if unknown and not isinstance(command, MissingPlugin):
        parser.error(f"unrecognised arguments: {' '.join(unknown)}")
    try:
        return command.run(arguments)
    except ModuleNotFoundError as missing:
        if arguments.traceback:
            raise
        reason = f"needs the Python package {missing.name}; 'make setup-test' installs what is missing"
        print(f"wmp {arguments.command}: {reason}", file=sys.stderr)
        return EXIT_USAGE
    except (UsageError, *getattr(command, "mistakes", ())) as error:
        if arguments.traceback:
            raise
        print(f"wmp {arguments.command}: {error}", file=sys.stderr)
        return EXIT_USAGE


def _parser() -> tuple[argparse.ArgumentParser, dict[str, Command]]:
    parser = argparse.ArgumentParser(
        prog="wmp",
        description="Perceptive legged locomotion with a world model: simulate, record, train, check.",
        epilog="'wmp COMMAND --help' explains a command with examples.",
    )
    parser.add_argument("--version", action="version", version=f"wmp {_version()}")
    parser.add_argument("--traceback", action="store_true", help="show where a refusal comes from")
    available = commands()
    words = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in available.items():
        own = words.add_parser(name, help=command.help, formatter_class=argparse.RawDescriptionHelpFormatter)
        command.add_arguments(own)
    return parser, available


def _version() -> str:
    try:
        return version("wmp_cli")
    except PackageNotFoundError:
        return "from an uninstalled source tree"
