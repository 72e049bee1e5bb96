"""Start the nodes of a graph as processes, watch them and stop them."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wmp_bringup.graph import NodeSpec, write_overrides
from wmp_ros.launcher import LAUNCHER_PID

_log = logging.getLogger(__name__)

#: Signals of a stop, each with the time [s] until the next one.
STOP_SIGNALS = ((signal.SIGINT, 5.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 2.0))
TAIL_LINES = 15


@dataclass(frozen=True)
class NodeExit:
    """How a node ended: exit code (negative: number of the signal) and the last lines of its output."""

    name: str
    code: int
    tail: tuple[str, ...]
    required: bool

    def describe(self) -> str:
        """The cause in one line, then the last lines of the node's output."""
        cause = f"exit code {self.code}" if self.code >= 0 else f"signal {signal.Signals(-self.code).name}"
        return "\n".join(
            [f"{self.name} ended ({cause}); its last lines:", *(f"  {line}" for line in self.tail)]
        )


class NodeProcess:
    """One running node whose output goes to ``<log_folder>/<name>.log`` and, if ``echo``, to the terminal."""

    def __init__(
        self, spec: NodeSpec, environment: Mapping[str, str], log_folder: Path, echo: bool = False
    ) -> None:
        self.spec = spec
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.process = subprocess.Popen(
            node_command(spec, log_folder),
            env={**environment, LAUNCHER_PID: str(os.getpid()), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A session of its own: Ctrl-C reaches only the launcher, which then stops the nodes.
            start_new_session=True,
        )
        self._reader = threading.Thread(
            target=self._copy_output,
            args=(log_folder / f"{spec.name}.log", echo),
            name=f"log {spec.name}",
            daemon=True,
        )
        self._reader.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the node and to its child processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def exit(self) -> NodeExit | None:
        """How the node ended; None while it is running."""
        code = self.process.poll()
        if code is None:
            return None
        self._reader.join(timeout=1.0)
        return NodeExit(self.spec.name, code, tuple(self._tail), self.spec.required)

    def _copy_output(self, log_file: Path, echo: bool) -> None:
        assert self.process.stdout is not None
        with log_file.open("w", encoding="utf-8") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                self._tail.append(line.rstrip())
                if echo:
                    sys.stderr.write(f"[{self.spec.name}] {line}")


class GraphProcesses:
    """The processes of a graph, as a context manager: leaving it stops them all.

    To be used in the main thread: the kernel ties the nodes to the thread that started them.
    """

    def __init__(
        self, specs: Sequence[NodeSpec], environment: Mapping[str, str], log_folder: Path, echo: bool = False
    ) -> None:
        self.log_folder = log_folder
        self._specs, self._environment, self._echo = specs, environment, echo
        self._nodes: list[NodeProcess] = []

    def __enter__(self) -> GraphProcesses:
        self.log_folder.mkdir(parents=True, exist_ok=True)
        try:
            for spec in self._specs:
                self._nodes.append(NodeProcess(spec, self._environment, self.log_folder, self._echo))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def exits(self) -> list[NodeExit]:
        """The nodes that have ended."""
        return [ended for node in self._nodes if (ended := node.exit()) is not None]

    def pid(self, name: str) -> int:
        """Process id of the node called ``name``; raises ``KeyError`` if there is none."""
        return {node.spec.name: node for node in self._nodes}[name].process.pid

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the node called ``name``."""
        {node.spec.name: node for node in self._nodes}[name].signal(number)

    def stop(self) -> None:
        """Stop all nodes: SIGINT, then SIGTERM, then SIGKILL to those still running."""
        for number, seconds in STOP_SIGNALS:
            running = [node for node in self._nodes if node.exit() is None]
            for node in running:
                node.signal(number)
            deadline = time.monotonic() + seconds
            for node in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    node.process.wait(max(0.0, deadline - time.monotonic()))
            late = [node.spec.name for node in running if node.exit() is None]
            if not late:
                return
            _log.warning("%s did not stop within %g s of %s", ", ".join(late), seconds, number.name)


def node_command(spec: NodeSpec, folder: Path) -> list[str]:
    """The command line of a node; writes its overrides to a file in ``folder``."""
    overrides = write_overrides(spec, folder)
    command = [sys.executable, "-m", "wmp_bringup.node_main", spec.package, spec.executable, *spec.arguments]
    command += ["--ros-args", "--enclave", spec.enclave, "-r", f"__node:={spec.name}"]
    if spec.namespace:
        command += ["-r", f"__ns:={spec.namespace}"]
    for source, target in spec.remappings:
        command += ["-r", f"{source}:={target}"]
    return [*command, "--params-file", str(spec.parameter_file), "--params-file", str(overrides)]
