"""Ends a node together with the launcher that started it."""

from __future__ import annotations

import ctypes
import os
import signal

#: Environment variable with which a launcher passes its process id to its nodes.
LAUNCHER_PID = "WMP_LAUNCHER_PID"
_PR_SET_PDEATHSIG = 1


def end_with_launcher() -> None:
    """Make the kernel send SIGTERM to this process when the launcher dies for any reason.

    Has no effect in a process that no launcher started.
    """
    if os.environ.get(LAUNCHER_PID) == str(os.getppid()):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
