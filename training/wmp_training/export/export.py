"""From a checkpoint to a bundle that the runtime accepts."""

from __future__ import annotations

import logging
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmp_core.bundle import Bundle, InitialState, write_bundle
from wmp_core.golden import GoldenReport, GoldenTrajectory
from wmp_training.checkpoint import load_checkpoint
from wmp_training.evaluation.table import Result, evaluate, markdown
from wmp_training.export.golden import record_golden
from wmp_training.export.graphs import export_graphs
from wmp_training.export.model_card import model_card
from wmp_training.learner import Networks
from wmp_training.presets import a1_contract, preset
from wmp_training.tasks import task

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Export:
    """A written bundle, how exactly ONNX repeats torch, and how well it walks."""

    bundle: Bundle
    report: GoldenReport
    results: list[Result]


def export(run: Path, out: Path, robots: int = 20, note: str = "") -> Export:
    """Export the checkpoint of ``run`` to the bundle ``out``.

    The golden trajectory is recorded with torch and repeated with ONNX Runtime by the runtime's own code; a
    difference above its tolerance raises ``wmp_core.bundle.BundleError``. ``robots`` per line are evaluated
    (0: none). ``note`` goes into the model card: what a reader must know about this run.
    """
    tensors, facts = load_checkpoint(run / "checkpoint")
    chosen = preset(facts["config"]["preset"])
    networks = Networks(a1_contract(chosen.world_model), chosen)
    networks.load(tensors)
    training = {
        "git_commit": git_commit(),
        "preset": chosen.name,
        "env_steps": facts["env_steps"],
        "wall_time_s": round(facts["wall_time_s"]),
        "seed": facts["config"]["seed"],
        "num_envs": facts["config"]["num_envs"],
        "iterations": facts["iteration"],
        "task": facts["config"].get("task", "gentle"),
        "terrains": list(task(facts["config"].get("task", "gentle")).terrains),
        "note": note,
    }
    graphs, golden = export_graphs(networks), record_golden(networks)
    _write(out, networks, graphs, golden, training, card="")
    bundle = Bundle.load(out)
    report = bundle.verify()
    logger.info("ONNX against torch: %s", report)
    results = evaluate(bundle, robots=robots) if robots else []
    if results:
        logger.info("%s", markdown(results))
    _write(out, networks, graphs, golden, training, model_card(out.name, networks, training, report, results))
    return Export(Bundle.load(out), report, results)


def _write(
    out: Path,
    networks: Networks,
    graphs: dict[str, bytes],
    golden: GoldenTrajectory,
    training: dict[str, Any],
    card: str,
) -> None:
    begin = networks.world_model.rssm.initial(1)
    state = InitialState(begin.deter[0].detach().numpy(), begin.stoch[0].argmax(-1).numpy())
    write_bundle(out, networks.contract, graphs, state, golden, training, model_card=card)


def git_commit() -> str:
    """Commit of this code, marked ``-dirty`` if the package was edited since; ``unknown`` without git."""
    package = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        run = subprocess.run(["git", *arguments], cwd=package, capture_output=True, text=True, check=False)
        return run.stdout.strip()

    commit = git("rev-parse", "--short=12", "HEAD")
    return commit + ("-dirty" if git("status", "--porcelain", "--", ".") else "") if commit else "unknown"
