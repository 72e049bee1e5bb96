"""From a checkpoint to a bundle that the runtime accepts."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmp_core.bundle import Bundle, InitialState, write_bundle
from wmp_core.calibration import Calibration
from wmp_core.contract import Contract
from wmp_core.golden import GoldenTrajectory
from wmp_training.a1_contract import a1_contract
from wmp_training.checkpoint import load_checkpoint
from wmp_training.checkpoint_facts import find_checkpoint
from wmp_training.export.calibration import calibrate, walk
from wmp_training.export.golden import record_golden
from wmp_training.export.graphs import export_graphs
from wmp_training.export.model_card import model_card
from wmp_training.export.provenance import provenance
from wmp_training.learner import Networks
from wmp_training.presets import preset_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """All of a bundle but its contract and calibration, which are measured with it."""

    graphs: dict[str, bytes]
    initial_state: InitialState
    golden: GoldenTrajectory
    metadata: dict[str, Any]

    def write(self, out: Path, contract: Contract, calibration: Calibration | None = None) -> Bundle:
        """Write them to ``out``, and read it back."""
        parts = self.graphs, self.initial_state, self.golden, self.metadata
        return Bundle.load(write_bundle(out, contract, *parts, calibration=calibration))


def export(
    run: Path,
    out: Path,
    episodes: int = 4,
    note: str = "",
    threads: int = 1,
    terrains: Sequence[str] | None = None,
) -> Bundle:
    """Export the checkpoint of ``run``, or kept there, to the bundle ``out``, calibrated, with a model card.

    The golden trajectory is recorded with torch and repeated with ONNX Runtime by the runtime's own code; a
    difference above its tolerance raises ``wmp_core.bundle.BundleError``.

    Args:
        episodes: per terrain and level, from which attitude limit and calibration are measured; 0: neither.
        note: for the model card, what a reader must know about this run.
        terrains: to calibrate on; all of the run's task if not given.

    Raises:
        ValueError: the run is a teacher or a baseline, which no robot could run.
    """
    tensors, facts = load_checkpoint(find_checkpoint(run))
    if not any(name.startswith("world_model.") for name in tensors):
        raise ValueError(f"{run} holds a policy without a world model; judge it with 'wmp eval --run {run}'")
    chosen = preset_of(facts["config"])
    networks = Networks(a1_contract(chosen.world_model), chosen)
    networks.load(tensors)
    parts = _parts(networks, provenance(facts, networks, note))
    with tempfile.TemporaryDirectory() as scratch:
        draft = parts.write(Path(scratch) / out.name, networks.contract)
        logger.info("ONNX against torch: %s", draft.verify())
        where = (terrains or parts.metadata["terrains"]) if episodes else ()
        measured = calibrate(walk(draft, where, episodes, threads))
    parts.metadata["calibration_episodes"] = {"all": measured.episodes, "successful": measured.successes}
    bundle = parts.write(out, measured.limited(networks.contract), measured.calibration)
    logger.info("attitude limit %s rad, calibration %s", measured.attitude, bundle.calibration.to_dict())
    (out / "README.md").write_text(model_card(bundle))
    return bundle


def _parts(networks: Networks, metadata: dict[str, Any]) -> Parts:
    begin = networks.world_model.rssm.initial(1)
    state = InitialState(begin.deter[0].detach().numpy(), begin.stoch[0].argmax(-1).numpy())
    return Parts(export_graphs(networks), state, record_golden(networks), metadata)
