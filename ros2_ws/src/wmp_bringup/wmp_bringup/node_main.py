"""Runs one node in this process: ``python -m wmp_bringup.node_main PACKAGE EXECUTABLE [arguments]``.

Does what the package's script of that name under ``lib/`` does, which ``pip install -e`` does not install.
The kernel is told to kill the process when its launcher dies, so that not even ``kill -9`` of the launcher
leaves a node behind.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
from collections.abc import Callable

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
    """The function behind a node's executable: ``main`` of the module of the same name.

    Raises:
        LookupError: the package is not installed or has no such executable.
    """
    module = f"{package}.{executable}"
    try:
        return importlib.import_module(module).main
    except ModuleNotFoundError as error:
        if error.name is not None and module.startswith(error.name):
            message = f"{error.name} is not installed; run 'make setup' or build the workspace"
            raise LookupError(message) from error
        raise


def _die_with_launcher() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The launcher may have died before the request was in place; then nobody is left to send the signal.
    if os.getppid() != int(os.environ.get(LAUNCHER_PID, os.getppid())):
        sys.exit("the launcher has gone")


if __name__ == "__main__":
    sys.exit(main())
