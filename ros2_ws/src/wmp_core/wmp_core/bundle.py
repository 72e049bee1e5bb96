"""The bundle: one folder with everything a runtime needs to know, see :mod:`wmp_core.manifest` for its files.

A bundle that drives a robot is loaded by :func:`wmp_core.verification.load_verified`.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Union

import numpy as np

from wmp_core.calibration import Calibration
from wmp_core.contract import Contract, ContractError
from wmp_core.golden import GoldenTrajectory
from wmp_core.inference.models import BundleModels
from wmp_core.inference.policy import Policy
from wmp_core.inference.session import ModelError, choose_provider
from wmp_core.inference.world_model import InitialState, WorldModel
from wmp_core.manifest import GOLDEN, INITIAL_STATE, BundleError, Manifest

# What numpy raises for a file that is empty, cut short, damaged, or lacks an array.
_UNREADABLE = (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle.

    Attributes:
        path: its folder.
        created: ISO date of the export.
        metadata: free-form record of the training.
        sha256: hash of ``bundle.json``, which holds the hashes of all other files: it identifies the bundle.
        provider: execution provider of every graph.
        models: the graphs by name, each opened at its first use.
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
    calibration: Calibration
    models: BundleModels = field(repr=False, compare=False)

    @classmethod
    def load_unverified(cls, path: Union[str, Path], provider: str = "cpu") -> Bundle:
        """Read a bundle and check its form only: for its contract, or to inspect a broken one.

        Whatever runs the networks on a robot calls :func:`wmp_core.verification.load_verified` instead.

        Args:
            path: the folder.
            provider: ``cpu``, ``cuda``, ``tensorrt`` or ``auto``.

        Raises:
            BundleError: something is missing or contradictory, or this machine lacks the provider.
        """
        return cls.from_manifest(Manifest.read(path), provider)

    @classmethod
    def from_manifest(cls, manifest: Manifest, provider: str = "cpu") -> Bundle:
        """As :meth:`load_unverified`, for a manifest that has been read."""
        path, content = manifest.path, manifest.content
        try:
            contract = Contract.from_dict(content["contract"])
            calibration = Calibration.from_dict(content.get("calibration", {}))
            initial_state = InitialState.load(path / INITIAL_STATE)
            golden = GoldenTrajectory.load(path / GOLDEN)
            provider = choose_provider(provider)
        except (ContractError, ModelError, *_UNREADABLE) as error:
            raise BundleError(f"bundle {path}: {error}") from error
        _check_initial_state(path, contract, initial_state)
        return cls(
            path=path,
            name=content["name"],
            created=content["created"],
            contract=contract,
            metadata=content["training"],
            sha256=manifest.sha256,
            provider=provider,
            initial_state=initial_state,
            golden=golden,
            calibration=calibration,
            models=BundleModels(path, contract, provider),
        )

    def create_policy(self) -> Policy:
        """A policy that is ready to run."""
        return Policy(self.contract, self.models["policy"])

    def create_world_model(self) -> WorldModel:
        """A world model at ``h_0`` of an episode."""
        return WorldModel(self.contract, self.models, self.initial_state)


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
