"""The argument parser of ``wmp``: errors in one line, with the nearest name for a typing mistake."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NoReturn

from wmp_core.choices import suggestion, unknown

EXIT_USAGE = 2


class Parser(argparse.ArgumentParser):
    """A parser without abbreviations, whose errors are one line on stderr: ``wmp COMMAND: ...``, exit code 2.

    Its subparsers are of this class too.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(
            *args,
            **{"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False, **options},
        )

    def error(self, message: str) -> NoReturn:
        """End the process with the message, without the usage that argparse prints above it."""
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but an argument that the parser does not know is an error."""
        # Before argparse reports a required option as missing only because its name is misspelt.
        if args is not None and self._subparsers is None:
            self._refuse_unknown_option(args)
        namespace, rest = super().parse_known_args(args, namespace)
        if rest:
            self._refuse_unknown_option(rest)
            self.error(f"unrecognised argument {rest[0]!r}; {self._help_hint()}")
        return namespace, rest

    def _refuse_unknown_option(self, words: Sequence[str]) -> None:
        if any(action.nargs == argparse.REMAINDER for action in self._actions):
            return
        known = [option[2:] for option in self._option_string_actions if option.startswith("--")]
        for word in takewhile(lambda word: word != "--", words):
            option = word.partition("=")[0]
            # argparse takes a word with a space for a value.
            if option.startswith("--") and " " not in option and option[2:] not in known:
                # Compared without the dashes: with them, any two short options are similar.
                near = difflib.get_close_matches(option[2:], known, n=1)
                hint = f"did you mean --{near[0]}?" if near else self._help_hint()
                self.error(f"unrecognised option {option}; {hint}")

    def _help_hint(self) -> str:
        return f"'{self.prog} --help' explains the arguments"

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a value that is none of the choices, with the nearest one."""
        if action.choices is None or value in action.choices:
            return
        if isinstance(action, argparse._SubParsersAction):
            near = suggestion(str(value), action.choices)
            self.error(f"unknown command {str(value)!r}{near or f'; {self.prog!r} lists the commands'}")
        name = "/".join(action.option_strings) or action.metavar or action.dest
        self.error(str(unknown(str(name), str(value), map(str, action.choices))))
