"""How the whole graph meets its deadlines: the robot's nodes drive the simulated A1 in real time."""

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

#: Longest time [s] for starting, standing up and sitting down together.
AROUND_THE_WALK = 240.0
#: Nodes with deadlines, the shortest first.
NODES = ("policy_node", "world_model_node", "depth_node")


@dataclass(frozen=True)
class GraphFigures:
    """One walk in real time.

    Attributes:
        ticks: policy steps.
        compute_p50_ms, compute_p99_ms, compute_max_ms: compute time of a policy step; NaN if there was none.
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
    """Walk for ``seconds`` s with ``wmp sim``; ``arguments`` are further options of it."""
    with tempfile.TemporaryDirectory(prefix="wmp_bench_") as scratch:
        file = Path(scratch) / "figures.json"
        options = ["--no-lockstep", "--duration", f"{seconds:g}", "--json", str(file), "--log-dir", scratch]
        command = [*WMP, "sim", *options, *arguments]
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, timeout=seconds + AROUND_THE_WALK, check=False
            )
        except subprocess.TimeoutExpired:
            return graph_figures({}, f"wmp sim did not end within {seconds + AROUND_THE_WALK:g} s")
        figures = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return graph_figures(figures, ended.stderr.strip().rpartition("\n")[2])


def graph_figures(figures: Mapping[str, Any], last_line: str) -> GraphFigures:
    """The figures of ``wmp sim`` that concern deadlines.

    ``last_line`` of its stderr is the failure if ``figures`` are empty.
    """
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
    """Options of ``wmp sim`` that set the priority of all nodes and the CPUs of the control thread.

    Priorities differ as on the robot; 0 switches real-time scheduling off in all nodes.
    """
    file = shipped_parameters("real")
    on_robot = {node: node_parameters(file, node)["realtime.priority"] for node in NODES}
    lowest, shift = min(settings.priority, 1), settings.priority - on_robot["policy_node"]
    values = {f"{node}/realtime.priority": max(own + shift, lowest) for node, own in on_robot.items()}
    cpus = {"policy_node/realtime.cpus": list(settings.cpus)} if settings.cpus else {}
    return [word for name, value in {**values, **cpus}.items() for word in ("--set", f"{name}={value}")]
