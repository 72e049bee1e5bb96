"""The command-line reference: ``--help`` of every ``wmp`` command, taken from its parser."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

#: Columns of the help texts: a code block of this width needs no scrolling on a laptop.
WIDTH = 88


def wmp_parser() -> argparse.ArgumentParser:
    """The parser of ``wmp``, all plug-ins included."""
    from wmp_cli import cli

    return cli.build_parser(cli.commands())


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser of every command below ``parser``, depth first, in alphabetical order."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for _, command in sorted(action.choices.items()):
                yield command
                yield from commands(command)


def cli_reference(root: Path) -> str:
    """Markdown with one section per command.

    Raises:
        RuntimeError: a plug-in cannot be imported, so its help would be missing.
    """
    with mock.patch.dict(os.environ, {"COLUMNS": str(WIDTH)}):
        return "\n".join(_section(command, root) for command in commands(wmp_parser()))


def _section(command: argparse.ArgumentParser, root: Path) -> str:
    level = "##" if command.prog.count(" ") == 1 else "###"
    return f"{level} {command.prog}\n\n```text\n{_help(command, root)}\n```\n"


def _help(command: argparse.ArgumentParser, root: Path) -> str:
    text = command.format_help().rstrip()
    if "not available:" in text:
        raise RuntimeError(f"{command.prog} cannot be loaded; the reference would be incomplete: {text}")
    # argparse breaks long paths anywhere, also inside the root.
    broken_root = r"\s*".join(map(re.escape, f"{root}/"))
    return re.sub(broken_root, "", text)
