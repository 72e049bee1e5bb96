"""The ``wmp`` command and its subcommands, each a :class:`~wmp_cli.command.Command`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version

from wmp_cli.command import Command, UsageError
from wmp_cli.parser import EXIT_USAGE, Parser

PLUGIN_GROUP = "wmp.commands"
EXIT_INTERRUPTED = 130

#: Headings of the help and the commands below them, in the order in which a newcomer needs them.
GROUPS: Mapping[str, Sequence[str]] = {
    "walk in simulation": ("sim", "view", "teleop"),
    "record and check": ("record", "replay", "play", "recover", "faults"),
    "train": ("train", "gate", "curves", "checkpoint", "export", "eval", "compare", "card", "film"),
    "deploy on a robot": ("doctor", "bundle", "bench"),
}


class MissingPlugin:
    """Stands in for an installed command whose dependencies are not installed."""

    def __init__(self, entry: EntryPoint, missing: ImportError) -> None:
        self._reason = f"'wmp {entry.name}' needs the Python package {missing.name or missing}"
        self._remedy = (
            f"install what {entry.dist.name if entry.dist else entry.module} needs ('make setup-test')"
        )
        self.help = f"not available: {self._reason}"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Accept all arguments, options included: the answer is the same."""
        parser.prefix_chars = "\0"
        parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)

    def run(self, arguments: argparse.Namespace) -> int:
        """Say what to install."""
        print(f"wmp: {self._reason}; {self._remedy}", file=sys.stderr)
        return EXIT_USAGE


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of ``wmp``; returns the exit code."""
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    except KeyboardInterrupt:
        print("wmp: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _run(words: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    available = commands()
    parser = build_parser(available)
    arguments = parser.parse_args(words)
    if arguments.command is None:
        parser.print_help()
        return 0
    command = available[arguments.command]
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
        print(f"wmp {arguments.command}: {one_line(error)}", file=sys.stderr)
        return EXIT_USAGE


def one_line(error: Exception) -> str:
    """The message of ``error`` without line breaks."""
    return " ".join(line.strip() for line in str(error).splitlines() if line.strip())


def commands() -> dict[str, Command]:
    """All commands by name: the built-in ones, then the plug-ins of this environment."""
    # Imported here, so that main() handles a Ctrl-C during the imports, which take about a second.
    from wmp_cli.bench.command import BenchCommand
    from wmp_cli.bundle import BundleCommand
    from wmp_cli.doctor.command import DoctorCommand
    from wmp_cli.faults.command import FaultsCommand
    from wmp_cli.recording.play import PlayCommand
    from wmp_cli.recording.record import RecordCommand
    from wmp_cli.recording.recover import RecoverCommand
    from wmp_cli.sim.command import SimCommand
    from wmp_cli.teleop import TeleopCommand
    from wmp_cli.view import ViewCommand

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
        "view": ViewCommand(),
    }
    for entry in sorted(entry_points(group=PLUGIN_GROUP), key=lambda entry: entry.name):
        found[entry.name] = _load(entry)
    return found


def _load(entry: EntryPoint) -> Command:
    try:
        return entry.load()
    except ImportError as missing:
        return MissingPlugin(entry, missing)


def build_parser(available: Mapping[str, Command]) -> argparse.ArgumentParser:
    """The parser of ``wmp`` with the commands that are ``available``."""
    parser = Parser(
        prog="wmp",
        usage="wmp COMMAND [ARGUMENTS]",
        description="Perceptive legged locomotion with a world model. Start with 'wmp sim'.\n\n"
        + "\n\n".join(_overview(available)),
        epilog="'wmp COMMAND --help' explains a command with examples.",
    )
    parser.add_argument("--version", action="version", version=f"wmp {_version()}")
    parser.add_argument("--traceback", action="store_true", help="show the traceback of an error")
    # The description lists the commands in groups; argparse has no groups of subcommands.
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", prog="wmp", help=argparse.SUPPRESS)
    for name, command in available.items():
        command.add_arguments(subparsers.add_parser(name, help=command.help))
    return parser


def _overview(available: Mapping[str, Command]) -> Iterable[str]:
    """One paragraph per group: its heading, then a line per command."""
    grouped = [name for names in GROUPS.values() for name in names]
    others = [name for name in available if name not in grouped]
    width = max(map(len, available), default=0)
    for heading, names in {**GROUPS, "other commands": others}.items():
        lines = [f"  {name:{width}}  {available[name].help}" for name in names if name in available]
        if lines:
            yield "\n".join([f"{heading}:", *lines])


def _version() -> str:
    try:
        return version("wmp_cli")
    except PackageNotFoundError:
        return "from an uninstalled source tree"
