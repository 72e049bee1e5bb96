"""Run one node in this process: ``python -m wmp_bringup.node_main PACKAGE EXECUTABLE [arguments]``.

Replaces the script of that name under the package's ``lib/``, which ``pip install -e`` does not install. The
kernel terminates the process when its launcher dies: even ``kill -9`` of the launcher leaves no node behind,
and a controller damps its robot as it ends.
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

#: Longest time [s] for a node to end by itself after its launcher has died.
_GRACE_S = 5.0


def main() -> int:
    """Tie this process to its launcher and run the node."""
    _die_with_launcher()
    package, executable = sys.argv[1:3]
    entry = find_executable(package, executable)
    sys.argv = [executable, *sys.argv[3:]]
    return entry() or 0


def find_executable(package: str, executable: str) -> Callable[[], int | None]:
    """The function of a node's executable: ``main`` of the module of the same name.

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
    # A launcher that died before the request took effect causes no signal.
    if os.getppid() != launcher:
        sys.exit("the launcher has ended")
    threading.Thread(target=_kill_if_late, args=(launcher,), name="launcher", daemon=True).start()


def _kill_if_late(launcher: int) -> None:
    """Kill this process if it is still running :data:`_GRACE_S` after its launcher has died."""
    while os.getppid() == launcher:
        time.sleep(1.0)
    time.sleep(_GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
