"""The commands of ``wmp``: the built-in ones, and those that other packages add."""

from __future__ import annotations

import argparse
from importlib.metadata import EntryPoint, entry_points

from wmp_cli.command import Command, UsageError

PLUGIN_GROUP = "wmp.commands"


class MissingPlugin:
    """Stands in for an installed command whose own dependencies are not installed."""

    def __init__(self, entry: EntryPoint, missing: ImportError) -> None:
        package = entry.dist.name if entry.dist else entry.module
        needs = f"needs the Python package {missing.name or missing}"
        self.help = f"not available: {needs}"
        self._error = f"{needs}; install what {package} needs ('make setup-test')"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare nothing: the answer is the same for all arguments."""
        parser.description = self.help
        parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)

    def run(self, arguments: argparse.Namespace) -> int:
        """Refuse, and name the remedy.

        Raises:
            UsageError: always.
        """
        raise UsageError(self._error)


def commands() -> dict[str, Command]:
    """All commands by name."""
    # Imported here so that Ctrl-C during an import ends in main(), without a traceback.
    from wmp_cli.bench.command import BenchCommand
    from wmp_cli.bundle import BundleCommand
    from wmp_cli.doctor.command import DoctorCommand
    from wmp_cli.faults.command import FaultsCommand
    from wmp_cli.recording.play import PlayCommand
    from wmp_cli.recording.record import RecordCommand
    from wmp_cli.recording.recover import RecoverCommand
    from wmp_cli.sim.command import SimCommand
    from wmp_cli.teleop import TeleopCommand

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
