"""Runs one node in this process: ``python -m wmp_bringup.node_main PACKAGE EXECUTABLE [arguments]``.

The executable is found as a console script of the installed package, which holds for editable, wheel and colcon
installs alike. The kernel is told to kill the process when its launcher dies, so that not even ``kill -9`` of the
launcher leaves a node behind.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution

LAUNCHER_PID = "WMP_LAUNCHER_PID"
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Bind this process to its launcher and hand over to the node."""
    _die_with_launcher()
    package, executable = sys.argv[1:3]
    entry = find_executable(package, executable)
    sys.argv = [executable, *sys.argv[3:]]
    return entry() or 0


def find_executable(package: str, executable: str) -> Callable[[], int | None]:
    """The function behind a node's executable.

    Raises:
        LookupError: the package is not installed or has no such executable.
    """
    try:
        scripts = distribution(package).entry_points
    except PackageNotFoundError as error:
        raise LookupError(f"package {package} is not installed; run 'make setup' or build the workspace") from error
    for script in scripts:
        if script.group == "console_scripts" and script.name == executable:
            return script.load()
    raise LookupError(f"package {package} has no executable {executable}")


def _die_with_launcher() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The launcher may have died before the request was in place; then nobody is left to send the signal.
    if os.getppid() != int(os.environ.get(LAUNCHER_PID, os.getppid())):
        sys.exit("the launcher has gone")


if __name__ == "__main__":
    sys.exit(main())
