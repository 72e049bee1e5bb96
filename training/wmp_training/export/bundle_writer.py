"""Write a bundle: the format that :mod:`wmp_core.bundle` reads. Needs no torch."""

from __future__ import annotations

import datetime
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wmp_core.calibration import Calibration
from wmp_core.contract import Contract
from wmp_core.golden import GoldenTrajectory
from wmp_core.inference.world_model import InitialState
from wmp_core.manifest import FILES, FORMAT, GOLDEN, GRAPHS, INITIAL_STATE, MANIFEST, BundleError, sha256


def write_bundle(
    directory: str | Path,
    contract: Contract,
    graphs: Mapping[str, str | Path | bytes],
    initial_state: InitialState,
    golden: GoldenTrajectory,
    metadata: Mapping[str, Any],
    name: str = "",
    created: str = "",
    model_card: str = "",
    calibration: Calibration | None = None,
) -> Path:
    """Write a bundle so that ``directory`` holds either all of it or what it held before.

    Args:
        directory: the bundle's folder; a bundle that is already there is replaced.
        graphs: file or serialised model of each of :data:`wmp_core.manifest.GRAPHS`.
        golden: recorded under ``contract``.
        metadata: free-form record of the training (git commit, preset, steps, wall time, seed), JSON values.
        name: ``directory``'s name if empty.
        created: ISO date, today (UTC) if empty.
        model_card: text of ``README.md``.
        calibration: the figures that training measured.

    Raises:
        BundleError: a graph is missing or unknown, or ``directory`` exists and is not a bundle.
    """
    directory = Path(directory)
    if set(graphs) != set(GRAPHS):
        raise BundleError(f"bundle {directory}: graphs are {sorted(graphs)}, expected {sorted(GRAPHS)}")
    if directory.exists() and not (directory / MANIFEST).is_file():
        raise BundleError(f"bundle {directory}: exists and is not a bundle; choose another directory")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}.") as scratch:
        staged = Path(scratch) / "new"
        staged.mkdir()
        _write_files(staged, graphs, initial_state, replace(golden, contract=contract), model_card)
        manifest = {
            "format": FORMAT,
            "name": name or directory.name,
            "created": created or datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
            "training": dict(metadata),
            "contract": contract.to_dict(),
            "calibration": (calibration or Calibration()).to_dict(),
            "files": {file: sha256((staged / file).read_bytes()) for file in FILES},
        }
        (staged / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        if directory.exists():
            directory.rename(Path(scratch) / "old")
        staged.rename(directory)
    return directory


def _write_files(
    folder: Path,
    graphs: Mapping[str, str | Path | bytes],
    initial_state: InitialState,
    golden: GoldenTrajectory,
    model_card: str,
) -> None:
    for graph, source in graphs.items():
        if isinstance(source, bytes):
            (folder / f"{graph}.onnx").write_bytes(source)
        else:
            shutil.copyfile(source, folder / f"{graph}.onnx")
    initial_state.save(folder / INITIAL_STATE)
    golden.save(folder / GOLDEN)
    (folder / "README.md").write_text(model_card)
