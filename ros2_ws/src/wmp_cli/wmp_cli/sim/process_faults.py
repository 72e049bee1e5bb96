"""Injected faults of a process, its velocity commands or its files.

The simulated robot keeps the time: its journal says when a fault begins and ends. It injects its own faults
itself; these are injected by the process that runs the graph.
"""

from __future__ import annotations

import contextlib
import math
import resource
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from wmp_bringup.processes import GraphProcesses
from wmp_cli.sim.fault_outcome import FaultNotice
from wmp_cli.sim.operator import Operator, VelocityCommand

#: Bytes that a recorder can still write once its disk is full.
BYTES_LEFT = 4096


class ProcessFaults:
    """Injects the faults that are due.

    Args:
        graph: the running processes.
        operator: publishes the velocity commands; None if nothing does.
        bundle: folder whose files a fault may damage.
        bag: folder that is recorded to, if any.
    """

    def __init__(
        self, graph: GraphProcesses, operator: Operator | None, bundle: Path, bag: Path | None
    ) -> None:
        self._graph, self._operator, self._bundle, self._bag = graph, operator, bundle, bag
        self._begun: set[str] = set()
        self._actions: Mapping[str, Callable[[bool], None]] = {
            "world_model_killed": lambda begins: self._signal("world_model_node", begins, signal.SIGKILL),
            "world_model_hung": lambda begins: self._signal(
                "world_model_node", begins, signal.SIGSTOP, signal.SIGCONT
            ),
            "policy_killed": lambda begins: self._signal("policy_node", begins, signal.SIGKILL),
            "cmd_vel_nan": lambda begins: self._command(begins, math.nan),
            "cmd_vel_huge": lambda begins: self._command(begins, 1e6),
            "disk_full": self._fill_disk,
            "bundle_swapped": self._swap_bundle,
        }

    def carry_out(self, notice: FaultNotice) -> None:
        """Begin or end the fault in ``notice``; faults of the robot itself are ignored."""
        action = self._actions.get(notice.kind)
        if action is None:
            return
        action(notice.begins)
        if notice.begins:
            self._begun.add(notice.kind)
        else:
            self._begun.discard(notice.kind)

    def end(self) -> None:
        """End every fault that still lasts: a stopped process could not end in order."""
        for kind in self._begun:
            self._actions[kind](False)
        self._begun.clear()

    def _signal(
        self, node: str, begins: bool, first: signal.Signals, last: signal.Signals | None = None
    ) -> None:
        number = first if begins else last
        if number is not None:
            self._graph.signal(node, number)

    def _command(self, begins: bool, speed: float) -> None:
        if self._operator is not None:
            self._operator.disturb(VelocityCommand(speed, speed, speed) if begins else None)

    def _fill_disk(self, begins: bool) -> None:
        """Limit the size of the recorder's files: its writes alone fail, as on a full disk."""
        if self._bag is None:
            return
        written = max((file.stat().st_size for file in self._bag.glob("*.mcap")), default=0)
        limit = written + BYTES_LEFT if begins else resource.RLIM_INFINITY
        with contextlib.suppress(ProcessLookupError):  # the recorder ends when its disk is full
            pid = self._graph.pid("recorder")
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def _swap_bundle(self, begins: bool) -> None:
        if begins:
            policy = self._bundle / "policy.onnx"
            policy.write_bytes(policy.read_bytes()[::-1])
