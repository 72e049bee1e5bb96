"""Runs one node in this process: ``python -m wmp_bringup.node_main PACKAGE EXECUTABLE [arguments]``.

Does what the package's script of that name under ``lib/`` does, which ``pip install -e`` does not install.
The kernel is told to terminate the process when its launcher dies, so that not even ``kill -9`` of the
launcher leaves a node behind, and a controller damps its robot on the way out.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from wmp_ros.launcher import LAUNCHER_PID, end_with_launcher

#: s that a node has to end by itself once its launcher has died.
_GRACE_S = 5.0


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
    end_with_launcher()
    launcher = int(os.environ.get(LAUNCHER_PID, os.getppid()))
    # The launcher may have died before the request was in place; then nobody is left to send the signal.
    if os.getppid() != launcher:
        sys.exit("the launcher has gone")
    threading.Thread(target=_kill_if_late, args=(launcher,), name="launcher", daemon=True).start()


def _kill_if_late(launcher: int) -> None:
    """The end of a node that outlives its launcher and does not obey the signal."""
    while os.getppid() == launcher:
        time.sleep(1.0)
    time.sleep(_GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
