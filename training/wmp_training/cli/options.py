"""Options that mean the same in every command of training, and checks of them that need no torch."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from wmp_core.default_bundle import DEFAULT_BUNDLE
from wmp_sim.terrain import HARDEST
from wmp_training.evaluation.trial import DIFFICULTIES, EVALUATED

BUNDLE = f"folder of the bundle, or its name under models/ (default: $WMP_BUNDLE, else {DEFAULT_BUNDLE.name})"
RUN = "folder of a run, of one of its stages, or of a kept checkpoint"


def add_terrains(parser: argparse.ArgumentParser, default: str) -> None:
    """``--terrain``: one or several."""
    parser.add_argument(
        "--terrain",
        default=default,
        help=f"comma-separated: {', '.join(EVALUATED)}, or all (default %(default)s)",
    )


def add_difficulties(parser: argparse.ArgumentParser) -> None:
    """``--difficulty``: one or several."""
    parser.add_argument(
        "--difficulty",
        default=",".join(map(str, DIFFICULTIES)),
        help=f"comma-separated difficulties from 0, easiest, to 1, the hardest of training, and on to "
        f"{HARDEST:g} (default %(default)s)",
    )


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """``--overwrite``."""
    parser.add_argument("--overwrite", action="store_true", help="replace output that exists")


def check_at_least(option: str, value: int, least: int) -> None:
    """Refuse a ``value`` of ``option`` below ``least``; raises ``ValueError``."""
    if value < least:
        raise ValueError(f"{option} is {value}, expected at least {least}")


def check_evaluations(files: Iterable[Path]) -> None:
    """Refuse evaluations that do not exist; raises ``FileNotFoundError``."""
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"{file} is no evaluation: the file does not exist; make one with 'wmp eval --json'"
            )
