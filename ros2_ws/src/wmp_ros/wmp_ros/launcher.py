"""A node does not outlive the launcher that started it."""

from __future__ import annotations

import ctypes
import os
import signal

#: Environment variable by which a launcher tells its nodes its process id.
LAUNCHER_PID = "WMP_LAUNCHER_PID"
_PR_SET_PDEATHSIG = 1


def end_with_launcher() -> None:
    """Have the kernel send SIGTERM when the launcher dies, however it dies.

    Without effect in a process that no launcher has started.
    """
    if os.environ.get(LAUNCHER_PID) == str(os.getppid()):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
