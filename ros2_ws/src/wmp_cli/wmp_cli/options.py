"""Options and output paths that mean the same in every command of ``wmp``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from wmp_cli.command import UsageError
from wmp_core.default_bundle import DEFAULT_BUNDLE, resolve_bundle
from wmp_core.output_paths import check_file, check_new_folder

BUNDLE_HELP = f"folder of the bundle, or its name under models/ (default: $WMP_BUNDLE, else {DEFAULT_BUNDLE})"
#: Highest ROS domain whose UDP ports are valid (DDSI-RTPS 9.6.2.3).
MAX_DOMAIN = 232


def add_bundle_option(parser: argparse.ArgumentParser) -> None:
    """``--bundle``; :func:`bundle_folder` finds it."""
    parser.add_argument("--bundle", metavar="BUNDLE", help=BUNDLE_HELP)


def bundle_folder(arguments: argparse.Namespace) -> Path:
    """The absolute folder of the bundle that ``arguments.bundle`` names, or of the default bundle.

    Raises:
        UsageError: there is no such bundle.
    """
    try:
        return resolve_bundle(arguments.bundle)
    except FileNotFoundError as error:
        raise UsageError(str(error)) from error


def add_domain_option(parser: argparse.ArgumentParser, default: str = "$ROS_DOMAIN_ID, else 0") -> None:
    """``--domain-id``; :func:`domain_id` checks it and :func:`enter_domain` applies it."""
    parser.add_argument(
        "--domain-id", type=int, metavar="N", help=f"ROS domain, 0 to {MAX_DOMAIN} (default: {default})"
    )


def domain_id(arguments: argparse.Namespace) -> int | None:
    """The ROS domain that ``arguments`` name; None if they name none.

    Raises:
        UsageError: DDS has no ports for this domain.
    """
    domain = arguments.domain_id
    if domain is not None and not 0 <= domain <= MAX_DOMAIN:
        raise UsageError(f"--domain-id is {domain}, expected 0 to {MAX_DOMAIN}")
    return domain


def enter_domain(arguments: argparse.Namespace) -> None:
    """Set this process's ``ROS_DOMAIN_ID`` as ``arguments`` say; to be called before rclpy is imported.

    Raises:
        UsageError: see :func:`domain_id`.
    """
    domain = domain_id(arguments)
    if domain is not None:
        os.environ["ROS_DOMAIN_ID"] = str(domain)


def add_overwrite_option(parser: argparse.ArgumentParser, what: str = "output that exists") -> None:
    """``--overwrite``."""
    parser.add_argument("--overwrite", action="store_true", help=f"replace {what}")


def check_output(path: Path | None, overwrite: bool) -> None:
    """Refuse a file ``path`` that exists, unless ``overwrite``, or that cannot be written; creates nothing.

    Raises:
        UsageError: it is refused.
    """
    if path is None:
        return
    try:
        check_file(path, overwrite)
    except OSError as error:
        raise UsageError(str(error)) from error


def check_new_bag(folder: Path) -> None:
    """Refuse a ``folder`` for a bag that exists or cannot be created; bags are never replaced.

    Raises:
        UsageError: it is refused.
    """
    if folder.exists():
        raise UsageError(f"{folder} exists already; name a new folder")
    try:
        check_new_folder(folder)
    except OSError as error:
        raise UsageError(str(error)) from error
