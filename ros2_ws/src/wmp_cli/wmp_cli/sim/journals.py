"""The nodes' journals, read while the graph runs: a walk's figures come from the processes that have them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from wmp_cli.sim.fault_outcome import Event, FaultNotice
from wmp_cli.sim.walk_record import Pose, WalkRecord
from wmp_core.inference.world_model import Source
from wmp_core.journal import JournalReader

#: Nodes that keep a journal.
POLICY_NODE = "policy_node"
NODES = (POLICY_NODE, "world_model_node", "depth_node", "a1_sim")


def journal_path(folder: Path, node: str) -> Path:
    """Where the node called ``node`` writes its journal."""
    return folder / f"{node}.journal"


class WalkJournals:
    """Fills ``record`` and keeps the newest state, for the status line and the operator.

    Attributes:
        mode: the controller's mode; empty before it is known.
        condition: the controller's mode with its problems, as ``diagnostics`` shows it.
        speed, yaw: newest ground truth: forward speed in m/s, heading in rad.
        values: node -> newest values of its ``diagnostics``.
        latent_age: seconds from the step that completed the newest latent to the newest step; None without.
    """

    def __init__(self, record: WalkRecord, folder: Path) -> None:
        self.record = record
        self.mode = self.condition = ""
        self.speed = self.yaw = 0.0
        self.events: list[Event] = []
        self.faults: list[FaultNotice] = []
        self.values: dict[str, Mapping[str, str]] = {}
        self._fallen_at = math.inf
        self._step_stamp = 0.0
        self._latent_stamp: float | None = None
        self._readers = {node: JournalReader(journal_path(folder, node)) for node in NODES}
        self._update: Mapping[str, Callable[[str, dict[str, Any]], None]] = {
            "step": self._on_step,
            "latent": self._on_latent,
            "depth": lambda node, entry: record.add_depth(entry["stamp"]),
            "pose": self._on_pose,
            "status": self._on_status,
            "event": lambda node, entry: self.events.append(Event(entry["stamp"], entry["text"])),
            "fault": self._on_fault,
            "fall": self._on_fall,
        }

    def read(self) -> None:
        """Take in everything that the nodes have written since the last call."""
        for node, reader in self._readers.items():
            for entry in reader.read():
                self._update[entry["kind"]](node, entry)

    def close(self) -> None:
        """Close the files."""
        for reader in self._readers.values():
            reader.close()

    @property
    def fallen(self) -> bool:
        """Whether the robot fell before the end of its track."""
        return self._fallen_at < self.record.end_of_track

    @property
    def latent_age(self) -> float | None:
        return None if self._latent_stamp is None else max(0.0, self._step_stamp - self._latent_stamp)

    def _on_step(self, node: str, entry: dict[str, Any]) -> None:
        self._step_stamp = entry["stamp"]
        action = np.frombuffer(bytes.fromhex(entry["action"]), "<f4")
        self.record.add_step(entry["tick"], entry["stamp"], action)
        self.record.add_duration("policy", entry["compute_ms"])

    def _on_latent(self, node: str, entry: dict[str, Any]) -> None:
        self._latent_stamp = entry["stamp"]
        self.record.add_latent(entry["tick"], from_image=entry["source"] == Source.POSTERIOR)
        self.record.add_duration("advance", entry["advance_ms"])
        self.record.add_duration("observe", entry["observe_ms"])

    def _on_pose(self, node: str, entry: dict[str, Any]) -> None:
        self.yaw, self.speed = entry["yaw"], entry["vx"]
        self.record.add_pose(Pose(entry["stamp"], entry["x"], entry["y"], entry["yaw"]))

    def _on_status(self, node: str, entry: dict[str, Any]) -> None:
        self.values[node] = entry["values"]
        if node == POLICY_NODE:
            self.mode, self.condition = entry["values"]["mode"], entry["message"]

    def _on_fault(self, node: str, entry: dict[str, Any]) -> None:
        self.faults.append(FaultNotice(entry["fault"], entry["begins"], entry["stamp"]))

    def _on_fall(self, node: str, entry: dict[str, Any]) -> None:
        self._fallen_at = min(self._fallen_at, entry["stamp"])
