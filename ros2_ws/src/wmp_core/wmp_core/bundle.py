"""The bundle: one directory that holds all a runtime needs to know, and proves that it is what was trained.

::

    bundle.json     format, name, created, training, contract, SHA-256 of every other file,
                    calibration (optional)
    policy.onnx  advance.onnx  observe.onnx  prior.onnx  decoder.onnx
    initial_state.npz   golden.npz   README.md (the model card, not hashed)
    bundle.json.sig (optional, see wmp_core.signing)
"""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from wmp_core import golden as golden_trajectory
from wmp_core import signing
from wmp_core.calibration import Calibration
from wmp_core.contract import Contract, ContractError
from wmp_core.golden import GoldenTrajectory
from wmp_core.inference.graphs import graph_specs, signature_differences
from wmp_core.inference.session import ModelError, OnnxModel, choose_provider

FORMAT = 1
GRAPHS = ("policy", "advance", "observe", "prior", "decoder")
MANIFEST = "bundle.json"
INITIAL_STATE = "initial_state.npz"
GOLDEN = "golden.npz"
FILES = tuple(f"{graph}.onnx" for graph in GRAPHS) + (INITIAL_STATE, GOLDEN)


# What numpy raises for a file that is empty, cut short, damaged, or lacks an array.
_UNREADABLE = (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error)


class BundleError(RuntimeError):
    """A bundle that must not drive a robot: names the file or term, what was expected and what was found."""


@dataclass(frozen=True)
class InitialState:
    """The world model's learned state before its first step: ``deter [D]`` float32, ``stoch [S]`` int64."""

    deter: np.ndarray
    stoch: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "deter", np.asarray(self.deter, dtype=np.float32))
        object.__setattr__(self, "stoch", np.asarray(self.stoch, dtype=np.int64))

    def save(self, path: Union[str, Path]) -> None:
        np.savez(path, deter=self.deter, stoch=self.stoch)

    @classmethod
    def load(cls, path: Union[str, Path]) -> InitialState:
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["deter"], arrays["stoch"])


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle.

    ``sha256`` is the hash of ``bundle.json``, which holds the hashes of all other files: it identifies the
    bundle. ``metadata`` is the free-form record of the training; ``provider`` runs every graph.
    """

    path: Path
    name: str
    created: str
    contract: Contract
    metadata: Mapping[str, Any]
    sha256: str
    provider: str
    initial_state: InitialState
    golden: GoldenTrajectory
    calibration: Calibration = field(default_factory=Calibration)
    _models: Dict[str, OnnxModel] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(
        cls,
        path: Union[str, Path],
        provider: str = "cpu",
        verify: bool = True,
        trusted_keys: Sequence[str] = (),
    ) -> Bundle:
        """Read a bundle and check it.

        Args:
            path: the directory.
            provider: ``cpu``, ``cuda``, ``tensorrt`` or ``auto``; runs every graph.
            verify: check hashes, the graphs' tensors, and the golden trajectory on that provider. Without it,
                only what has to be read is checked: for tools that inspect a broken bundle, never for a
                robot.
            trusted_keys: public keys in hex, see :mod:`wmp_core.signing`; the bundle must be signed by one of
                them, if there are any.

        Raises:
            BundleError: anything is missing, altered or contradictory, or the provider does not exist here.
        """
        path = Path(path)
        manifest, data = _read_manifest(path)
        if trusted_keys:
            _require_trusted(path, trusted_keys, data)
        _check_files(path, manifest["files"], hashes=verify)
        try:
            contract = Contract.from_dict(manifest["contract"])
            calibration = Calibration.from_dict(manifest.get("calibration", {}))
            initial_state = InitialState.load(path / INITIAL_STATE)
            golden = GoldenTrajectory.load(path / GOLDEN)
            provider = choose_provider(provider)
        except (ContractError, ModelError, *_UNREADABLE) as error:
            raise BundleError(f"bundle {path}: {error}") from error
        _check_initial_state(path, contract, initial_state)
        bundle = cls(
            path,
            manifest["name"],
            manifest["created"],
            contract,
            manifest["training"],
            _sha256(data),
            provider,
            initial_state,
            golden,
            calibration,
        )
        if verify:
            bundle.verify()
        return bundle

    def graph_path(self, graph: str) -> Path:
        """File of one of :data:`GRAPHS`."""
        return self.path / f"{graph}.onnx"

    def model(self, graph: str) -> OnnxModel:
        """The session of one of :data:`GRAPHS`, opened at its first use.

        Raises:
            BundleError: the graph cannot be opened, or its tensors contradict the contract.
        """
        if graph not in self._models:
            self._models[graph] = self._open(graph)
        return self._models[graph]

    def _open(self, graph: str) -> OnnxModel:
        try:
            model = OnnxModel(self.graph_path(graph), self.provider)
        except ModelError as error:
            raise BundleError(f"bundle {self.path}: {error}") from error
        differing = signature_differences(graph_specs(self.contract)[graph], model)
        if differing:
            raise BundleError(f"bundle {self.path}: {graph}.onnx: {'; '.join(differing)}")
        return model

    def verify(self) -> golden_trajectory.GoldenReport:
        """Open every graph and reproduce the golden trajectory.

        Raises:
            BundleError: names the first thing that differs.
        """
        for graph in GRAPHS:
            self.model(graph)
        try:
            report = golden_trajectory.verify(self)
        except (ModelError, ValueError) as error:
            raise BundleError(
                f"bundle {self.path}: the golden trajectory cannot be replayed: {error}"
            ) from error
        if not report.ok:
            raise BundleError(
                f"bundle {self.path}: the golden trajectory is not reproduced: {report}. The bundle is "
                f"damaged or was edited, or provider {self.provider!r} computes differently: restore it"
            )
        return report


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read_manifest(path: Path) -> Tuple[Any, bytes]:
    """``bundle.json`` as a dictionary of checked form, and its bytes."""
    try:
        data = (path / MANIFEST).read_bytes()
    except OSError as error:
        raise BundleError(
            f"bundle {path}: cannot read {MANIFEST} ({error.strerror}); is this a bundle?"
        ) from error
    try:
        manifest = json.loads(data.decode())
    except ValueError as error:
        raise BundleError(f"bundle {path}: {MANIFEST} is not valid JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        raise BundleError(
            f"bundle {path}: {MANIFEST} has format {found!r}, this runtime reads format {FORMAT}"
        )
    for key, kind in (
        ("name", str),
        ("created", str),
        ("training", dict),
        ("contract", dict),
        ("files", dict),
        ("calibration", dict),
    ):
        if key == "calibration" and key not in manifest:
            continue
        if not isinstance(manifest.get(key), kind):
            raise BundleError(
                f"bundle {path}: {MANIFEST}: {key} is {manifest.get(key)!r}, expected a {kind.__name__}"
            )
    return manifest, data


def _require_trusted(path: Path, trusted_keys: Sequence[str], manifest: bytes) -> None:
    try:
        signing.require_trusted(path, trusted_keys, manifest)
    except signing.SignatureError as error:
        raise BundleError(str(error)) from error


def _check_files(path: Path, recorded: Mapping[str, str], hashes: bool) -> None:
    if set(recorded) != set(FILES):
        raise BundleError(f"bundle {path}: {MANIFEST} lists {sorted(recorded)}, expected {sorted(FILES)}")
    for name in FILES:
        if not (path / name).is_file():
            raise BundleError(f"bundle {path}: {name} is missing; copy the bundle again")
        found = _sha256((path / name).read_bytes()) if hashes else recorded[name]
        if found != recorded[name]:
            raise BundleError(
                f"bundle {path}: {name} is not the file that was exported: SHA-256 expected "
                f"{recorded[name]}, found {found}; copy the bundle again (is it a large-file pointer?)"
            )


def _check_initial_state(path: Path, contract: Contract, state: InitialState) -> None:
    sizes = contract.world_model
    for name, found, expected in (("deter", state.deter, sizes.deter), ("stoch", state.stoch, sizes.stoch)):
        if found.shape != (expected,):
            raise BundleError(
                f"bundle {path}: {INITIAL_STATE}: {name} has shape {found.shape}, expected {(expected,)}"
            )
    if not np.isfinite(state.deter).all():
        raise BundleError(f"bundle {path}: {INITIAL_STATE}: deter holds values that are not finite")
    if state.stoch.min() < 0 or state.stoch.max() >= sizes.classes:
        raise BundleError(f"bundle {path}: {INITIAL_STATE}: stoch leaves 0..{sizes.classes - 1}")


def write_bundle(
    directory: Union[str, Path],
    contract: Contract,
    graphs: Mapping[str, Union[str, Path, bytes]],
    initial_state: InitialState,
    golden: GoldenTrajectory,
    metadata: Mapping[str, Any],
    name: str = "",
    created: str = "",
    model_card: str = "",
    calibration: Optional[Calibration] = None,
) -> Path:
    """Write a bundle so that ``directory`` holds either all of it or what it held before.

    Args:
        directory: where the bundle shall be; a bundle that is already there is replaced.
        graphs: file or serialised model of each of :data:`GRAPHS`.
        golden: recorded under ``contract``.
        metadata: free-form record of the training (git commit, preset, steps, wall time, seed), JSON values.
        name: ``directory``'s name if empty.
        created: ISO date, today (UTC) if empty.
        model_card: text of ``README.md``.
        calibration: what training measured, as far as it did.

    Raises:
        BundleError: a graph is missing or unknown, or ``directory`` holds something else than a bundle.
    """
    directory = Path(directory)
    if set(graphs) != set(GRAPHS):
        raise BundleError(f"bundle {directory}: graphs are {sorted(graphs)}, expected {sorted(GRAPHS)}")
    if directory.exists() and not (directory / MANIFEST).is_file():
        raise BundleError(f"bundle {directory}: exists and is no bundle; choose another directory")
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
            "files": {file: _sha256((staged / file).read_bytes()) for file in FILES},
        }
        (staged / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        if directory.exists():
            directory.rename(Path(scratch) / "old")
        staged.rename(directory)
    return directory


def _write_files(
    folder: Path,
    graphs: Mapping[str, Union[str, Path, bytes]],
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
