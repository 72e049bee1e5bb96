"""Environment variables that end or mislead ROS: checked before rclpy is loaded, each with its remedy.

rcl ends the process with its own line (exit code 102) if the middleware is not installed, and Fast DDS prints
a coloured error for a domain that does not exist: neither says what to do.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ament_index_python.packages import PackageNotFoundError
from ament_index_python.resources import get_resources

#: Highest ROS domain whose ports are valid (DDSI-RTPS 9.6.2.3).
MAX_DOMAIN = 232
MIDDLEWARE, DOMAIN, SERVER = "RMW_IMPLEMENTATION", "ROS_DOMAIN_ID", "ROS_DISCOVERY_SERVER"
LOG_FOLDER = "ROS_LOG_DIR"
#: Files of settings that a middleware reads at its start.
PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


class Finding(NamedTuple):
    """A variable, what is wrong with it, and what to do."""

    variable: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.found}: {self.remedy}"


def check_environment(environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """What keeps ROS from working in ``environment``; empty if nothing does."""
    return [
        *_middleware(environment),
        *_domain(environment),
        *_profiles(environment),
        *_log_folder(environment),
    ]


def _middleware(environment: Mapping[str, str]) -> Iterator[Finding]:
    wanted = environment.get(MIDDLEWARE)
    if not wanted:
        return
    try:
        installed = sorted(get_resources("rmw_typesupport"))
    except (LookupError, PackageNotFoundError, OSError):
        return  # no index: this is not for us to judge
    installed = [name for name in installed if name.startswith("rmw_") and name != "rmw_implementation"]
    if installed and wanted not in installed:
        yield Finding(
            MIDDLEWARE,
            f"{MIDDLEWARE} is {wanted}, this environment has {', '.join(installed)} only",
            f"unset {MIDDLEWARE}, or install {wanted} here",
        )


def _domain(environment: Mapping[str, str]) -> Iterator[Finding]:
    text = environment.get(DOMAIN, "")
    try:
        is_valid = text == "" or 0 <= int(text) <= MAX_DOMAIN
    except ValueError:
        is_valid = False
    if not is_valid:
        yield Finding(
            DOMAIN,
            f"{DOMAIN} is {text!r}, expected 0 to {MAX_DOMAIN}",
            f"export {DOMAIN}=0, or give --domain-id",
        )


def _profiles(environment: Mapping[str, str]) -> Iterator[Finding]:
    for variable in PROFILES:
        file = environment.get(variable)
        if file and not Path(file).is_file():
            yield Finding(variable, f"{variable} is {file}, which does not exist", f"unset {variable}")


def _log_folder(environment: Mapping[str, str]) -> Iterator[Finding]:
    """rcl creates its log folder at start-up and ends the process if it cannot."""
    home = environment.get("ROS_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".ros")
    folder = Path(environment.get("ROS_LOG_DIR") or Path(home) / "log").expanduser()
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing):
            return
    except OSError as error:
        yield Finding(
            LOG_FOLDER,
            f"the folder of ROS's logs, {folder}, cannot be written ({error.strerror})",
            "export ROS_LOG_DIR=/tmp/ros_log, or another folder that can be written",
        )
