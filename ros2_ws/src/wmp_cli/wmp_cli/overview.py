"""The overview of all commands that bare ``wmp`` prints, in the order in which a newcomer needs them."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping

from wmp_cli.command import Command

INTRODUCTION = """Perceptive legged locomotion with a world model: simulate, record, train, check.

Start with 'wmp sim': a simulated A1 walks."""

#: Heading -> commands. A command of another package that is in no group is listed last.
GROUPS = {
    "walk": ("sim", "teleop"),
    "record and check": ("record", "replay", "play", "recover"),
    "train": ("train", "curves", "gate", "checkpoint", "eval", "compare", "film"),
    "deploy": ("export", "card", "bundle", "doctor", "bench", "faults"),
}
OTHER = "other"


def overview(commands: Mapping[str, Command]) -> str:
    """The introduction and a line per command, as wide as the terminal."""
    grouped = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, OTHER: tuple(name for name in commands if name not in grouped)}
    width = min(shutil.get_terminal_size().columns, 110)
    indent = 4 + max(map(len, commands))
    lines = [INTRODUCTION]
    for heading, names in groups.items():
        present = [name for name in names if name in commands]
        if present:
            lines += ["", f"{heading}:"]
        for name in present:
            start = f"  {name}".ljust(indent)
            lines += textwrap.wrap(
                commands[name].help, width, initial_indent=start, subsequent_indent=" " * indent
            )
    return "\n".join(lines)
