"""Export a checkpoint to a bundle that the runtime accepts."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmp_core.bundle import Bundle
from wmp_core.calibration import Calibration
from wmp_core.contract import Contract
from wmp_core.golden import GoldenTrajectory
from wmp_core.inference.world_model import InitialState
from wmp_core.verification import load_verified, verify
from wmp_training.a1_contract import a1_contract
from wmp_training.checkpoint import load_checkpoint
from wmp_training.checkpoint_facts import check_run_facts, find_checkpoint
from wmp_training.evaluation.episodes import Progress
from wmp_training.evaluation.files import written_whole
from wmp_training.export.bundle_writer import write_bundle
from wmp_training.export.calibration import calibrate, run_calibration
from wmp_training.export.card_parts import CARD
from wmp_training.export.golden import record_golden
from wmp_training.export.graphs import export_graphs
from wmp_training.export.model_card import model_card
from wmp_training.export.provenance import provenance
from wmp_training.learner import Networks
from wmp_training.presets import preset_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """Everything in a bundle except contract and calibration, which are measured with the bundle itself."""

    graphs: dict[str, bytes]
    initial_state: InitialState
    golden: GoldenTrajectory
    metadata: dict[str, Any]

    def write(self, out: Path, contract: Contract, calibration: Calibration | None = None) -> Bundle:
        """Write a bundle to ``out`` and load it."""
        parts = self.graphs, self.initial_state, self.golden, self.metadata
        return load_verified(write_bundle(out, contract, *parts, calibration=calibration))


def export(
    run: Path,
    out: Path,
    episodes: int = 4,
    note: str = "",
    threads: int = 1,
    terrains: Sequence[str] | None = None,
    progress: Callable[[str, int], Progress] | None = None,
) -> Bundle:
    """Export a checkpoint to the calibrated bundle ``out`` with a model card; replaces a bundle there.

    Torch records the golden trajectory, and the runtime's own code repeats it with ONNX Runtime.

    Args:
        run: a run, whose last checkpoint counts, or a kept checkpoint.
        episodes: per terrain and difficulty, to measure attitude limit and calibration; 0 leaves both out.
        note: text for the model card: what a reader must know about this run.
        threads: physics threads.
        terrains: to calibrate on; default: all terrains of the run's task.
        progress: see :func:`wmp_training.export.calibration.run_calibration`.

    Raises:
        ValueError: the run is a teacher or a baseline without a world model.
        wmp_core.bundle.BundleError: ONNX Runtime and torch differ by more than the tolerance.
    """
    tensors, facts = load_checkpoint(find_checkpoint(run))
    check_run_facts(find_checkpoint(run), facts)
    if not any(name.startswith("world_model.") for name in tensors):
        raise ValueError(
            f"{run} holds a policy without a world model, which the runtime cannot run; evaluate it with "
            f"'wmp eval --run {run}'"
        )
    chosen = preset_of(facts["config"])
    networks = Networks(a1_contract(chosen.world_model), chosen)
    networks.load(tensors)
    parts = _parts(networks, provenance(facts, networks, note))
    with tempfile.TemporaryDirectory() as scratch:
        draft = parts.write(Path(scratch) / out.name, networks.contract)
        logger.info("ONNX Runtime against torch: %s", verify(draft))
        where = (terrains or parts.metadata["terrains"]) if episodes else ()
        measured = calibrate(run_calibration(draft, where, episodes, threads, progress))
    parts.metadata["calibration_episodes"] = {"all": measured.episodes, "successful": measured.successes}
    bundle = parts.write(out, measured.limited(networks.contract), measured.calibration)
    logger.info("attitude limit %s rad, calibration %s", measured.attitude, bundle.calibration.to_dict())
    with written_whole(out / CARD) as fresh:
        fresh.write_text(model_card(bundle))
    return bundle


def _parts(networks: Networks, metadata: dict[str, Any]) -> Parts:
    begin = networks.world_model.rssm.initial(1)
    state = InitialState(begin.deter[0].detach().numpy(), begin.stoch[0].argmax(-1).numpy())
    return Parts(export_graphs(networks), state, record_golden(networks), metadata)
