"""The argument parser of ``wmp``: one-line errors that suggest the nearest name, and no abbreviations."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from wmp_core.choices import suggestion, unknown

EXIT_USAGE = 2


class CommandParser(argparse.ArgumentParser):
    """A parser whose errors are one line ``wmp COMMAND: ...`` on stderr, exit code 2.

    Options cannot be abbreviated: an abbreviation in a script would change its meaning with the next option
    that is added.

    Attributes:
        ignores_unknown: accept any arguments; for a command that cannot run anyway.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"formatter_class": argparse.RawDescriptionHelpFormatter, **kwargs, "allow_abbrev": False}
        super().__init__(**kwargs)
        self.ignores_unknown = False

    def error(self, message: str) -> NoReturn:
        """Print ``message`` and exit."""
        self.exit(EXIT_USAGE, f"{self.prog}: {one_line(message)}\n")

    # Each parser refuses what it does not know itself, because only it knows the names to suggest; argparse
    # would hand it up to the parser of `wmp`.
    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse ``args``; the list of unknown arguments that it returns is empty.

        An unknown option is reported before a missing argument, which is often the same mistake.
        """
        words = list(sys.argv[1:] if args is None else args)
        if not self.ignores_unknown:
            self._refuse(word for word in self._own(words) if self._is_unknown_option(word))
        found, left = super().parse_known_args(words, namespace)
        if not self.ignores_unknown:
            self._refuse(left)
        return found, []

    def _own(self, words: Sequence[str]) -> list[str]:
        """The arguments that no subcommand parses."""
        if self._subparsers is None:
            end = words.index("--") if "--" in words else len(words)
        else:
            end = next((i for i, word in enumerate(words) if not word.startswith("-")), len(words))
        return list(words[:end])

    def _is_unknown_option(self, word: str) -> bool:
        # argparse takes a word with a space for a value.
        return word.startswith("--") and " " not in word and _name(word) not in self._option_string_actions

    def _refuse(self, words: Iterable[str]) -> None:
        """Report the first unknown option among ``words``, else the first of them, if there is one."""
        words = list(words)
        for word in words:
            if word.startswith("-"):
                name = _name(word)
                self.error(f"unrecognised option {name}{_nearest(name, self._option_string_actions)}")
        if words:
            self.error(f"unrecognised argument {words[0]!r}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a ``value`` that is none of the choices of ``action``, with the nearest one."""
        if action.choices is None or value in action.choices:
            return
        name = "/".join(action.option_strings) or str(action.metavar or action.dest)
        choices = [str(choice) for choice in action.choices]
        error = str(unknown(name, str(value), choices))
        if isinstance(action, argparse._SubParsersAction):
            near = suggestion(value, choices) or f"; '{self.prog} --help' lists them"
            error = f"unknown {name.lower()} {value!r}{near}"
        raise argparse.ArgumentError(None, error)


def one_line(message: str) -> str:
    """``message`` without line breaks."""
    return " ".join(line.strip() for line in message.splitlines() if line.strip())


def _nearest(name: str, options: Iterable[str]) -> str:
    """The end of an error message: the option that ``name`` abbreviates, else the most similar one."""
    full = [option for option in options if option.startswith(name)]
    # A suggestion is quoted, an option is not.
    return f"; did you mean {full[0]}?" if full else suggestion(name, options).replace("'", "")


def _name(word: str) -> str:
    return word.partition("=")[0]
