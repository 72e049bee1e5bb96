"""Options that several commands have, and the checks of their values."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from wmp_cli.command import UsageError
from wmp_cli.environment import DOMAIN, LOG_FOLDER, MAX_DOMAIN, Finding, check_environment
from wmp_core.default_bundle import DEFAULT_BUNDLE, resolve_bundle

#: What a bundle is given as, and which one is used by default.
BUNDLE_HELP = f"bundle: its folder, or its name under models/ (default: $WMP_BUNDLE, else {DEFAULT_BUNDLE})"


def add_domain_option(parser: argparse.ArgumentParser, default: str = "$ROS_DOMAIN_ID, else 0") -> None:
    """Declare ``--domain-id``; ``default`` describes what is used without it."""
    parser.add_argument(
        "--domain-id", type=int, metavar="N", help=f"ROS domain, 0 to {MAX_DOMAIN} (default: {default})"
    )


def check_domain(value: int | None) -> None:
    """Refuse a ``--domain-id`` that no ROS domain has, and an environment in which ROS cannot start.

    Raises:
        UsageError: it is not in 0..232; or names the variable and the remedy.
    """
    if value is not None and not 0 <= value <= MAX_DOMAIN:
        raise UsageError(f"--domain-id is {value}, expected 0 to {MAX_DOMAIN}")
    _refuse(*(each for each in check_environment() if each.variable not in (DOMAIN, LOG_FOLDER)))


def use_domain(value: int | None) -> None:
    """Let this process use the ROS domain ``value``, if one is given; call it before rclpy is initialised.

    Raises:
        UsageError: as :func:`check_domain`.
    """
    check_domain(value)
    if value is not None:
        os.environ[DOMAIN] = str(value)
    _refuse(*check_environment())


def _refuse(*findings: Finding) -> None:
    if findings:
        raise UsageError(str(findings[0]))


def add_bundle_option(parser: argparse.ArgumentParser) -> None:
    """Declare ``--bundle``."""
    parser.add_argument("--bundle", metavar="NAME", help=BUNDLE_HELP)


def bundle_folder(text: str | None) -> Path:
    """The folder of the bundle that ``text`` names; the default bundle without a name.

    Raises:
        UsageError: there is no such bundle.
    """
    try:
        return resolve_bundle(text)
    except FileNotFoundError as error:
        raise UsageError(str(error)) from error


def add_overwrite_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Declare ``--overwrite``, which lets the command replace ``what``."""
    parser.add_argument("--overwrite", action="store_true", help=f"replace {what} if it exists")


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Declare ``--json FILE`` and the ``--overwrite`` that belongs to it."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file")
    add_overwrite_option(parser, "the --json FILE")
