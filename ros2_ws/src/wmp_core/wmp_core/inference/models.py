"""The graphs of a bundle as sessions, each opened at its first use and checked against the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, Mapping

from wmp_core.contract import Contract
from wmp_core.inference.graphs import graph_specs, signature_differences
from wmp_core.inference.session import ModelError, OnnxModel
from wmp_core.manifest import GRAPHS, BundleError


class BundleModels(Mapping[str, OnnxModel]):
    """Maps each name of :data:`wmp_core.manifest.GRAPHS` to its session.

    Looking one up raises :class:`BundleError` if the graph cannot be opened, or if its tensors contradict the
    contract.

    Args:
        folder: the bundle's.
        contract: the bundle's.
        provider: ``cpu``, ``cuda``, ``tensorrt`` or ``auto``.
    """

    def __init__(self, folder: Path, contract: Contract, provider: str) -> None:
        self._folder = folder
        self._contract = contract
        self._provider = provider
        self._opened: Dict[str, OnnxModel] = {}

    def __getitem__(self, graph: str) -> OnnxModel:
        if graph not in GRAPHS:
            raise KeyError(graph)
        if graph not in self._opened:
            self._opened[graph] = self._open(graph)
        return self._opened[graph]

    def __iter__(self) -> Iterator[str]:
        return iter(GRAPHS)

    def __len__(self) -> int:
        return len(GRAPHS)

    def _open(self, graph: str) -> OnnxModel:
        try:
            model = OnnxModel(self._folder / f"{graph}.onnx", self._provider)
        except ModelError as error:
            raise BundleError(f"bundle {self._folder}: {error}") from error
        differing = signature_differences(graph_specs(self._contract)[graph], model)
        if differing:
            raise BundleError(f"bundle {self._folder}: {graph}.onnx: {'; '.join(differing)}")
        return model
