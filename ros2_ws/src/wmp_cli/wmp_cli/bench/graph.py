"""How the graph meets its deadlines: the nodes of the robot in real time, with the simulated A1."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import node_parameters
from wmp_cli.command import WMP
from wmp_core.realtime.scheduling import RealtimeSettings

#: Longest time for starting, standing up and sitting down [s].
REST_OF_RUN = 240.0
#: Nodes with deadlines, the shortest deadline first.
NODES = ("policy_node", "world_model_node", "depth_node")


@dataclass(frozen=True)
class GraphFigures:
    """One walk in real time.

    Attributes:
        ticks: policy steps; fewer than requested if the walk ended early.
        compute_p50_ms, compute_p99_ms, compute_max_ms: duration of a policy step [ms]; NaN without steps.
        latents_late: world-model ticks whose latent missed its deadline.
        latents_from_prior: latents whose image missed its deadline.
        failure: why the walk ended early; empty if it did not.
    """

    ticks: int
    compute_p50_ms: float
    compute_p99_ms: float
    compute_max_ms: float
    latents_late: int
    latents_from_prior: int
    failure: str


def measure_graph(seconds: float, arguments: list[str]) -> GraphFigures:
    """Walk for ``seconds`` [s] with ``wmp sim`` and its further ``arguments``."""
    with tempfile.TemporaryDirectory(prefix="wmp_bench_") as scratch:
        file = Path(scratch) / "figures.json"
        options = ["--no-lockstep", "--duration", f"{seconds:g}", "--json", str(file), "--log-dir", scratch]
        command = [*WMP, "sim", *options, *arguments]
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, timeout=seconds + REST_OF_RUN, check=False
            )
        except subprocess.TimeoutExpired:
            return graph_figures({}, f"no end after {seconds + REST_OF_RUN:g} s")
        figures = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return graph_figures(figures, ended.stderr.strip().rpartition("\n")[2])


def graph_figures(figures: Mapping[str, Any], last_line: str) -> GraphFigures:
    """The deadline figures of ``wmp sim``; without figures, ``last_line`` of its log is the failure."""
    compute = figures.get("timing", {}).get("policy", {})
    p50, p99, worst = (float(compute.get(f"{key}_ms", "nan")) for key in ("p50", "p99", "max"))
    return GraphFigures(
        ticks=int(figures.get("policy_ticks", 0)),
        compute_p50_ms=p50,
        compute_p99_ms=p99,
        compute_max_ms=worst,
        latents_late=int(figures.get("latents_late", 0)),
        latents_from_prior=int(figures.get("latents_from_prior", 0)),
        failure=str(figures.get("failure", last_line)).partition("\n")[0],
    )


def realtime_arguments(settings: RealtimeSettings) -> list[str]:
    """Arguments of ``wmp sim`` that set the priorities of all nodes and the CPUs of the control thread.

    The differences between the priorities are those of the robot; 0 turns SCHED_FIFO off for all nodes.
    """
    file = shipped_parameters("real")
    on_robot = {node: node_parameters(file, node)["realtime.priority"] for node in NODES}
    lowest, shift = min(settings.priority, 1), settings.priority - on_robot["policy_node"]
    values = {f"{node}/realtime.priority": max(own + shift, lowest) for node, own in on_robot.items()}
    cpus = {"policy_node/realtime.cpus": list(settings.cpus)} if settings.cpus else {}
    return [word for name, value in {**values, **cpus}.items() for word in ("--set", f"{name}={value}")]
