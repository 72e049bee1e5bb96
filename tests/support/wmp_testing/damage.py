"""Edits that damage a bundle on disk, as a careless or hostile hand would make them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wmp_testing.tiny_networks import TinyNetworks


def edit_manifest(path: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    """Change the parsed ``bundle.json`` in place."""
    manifest = json.loads((path / "bundle.json").read_text())
    edit(manifest)
    (path / "bundle.json").write_text(json.dumps(manifest))


def rehash(path: Path, name: str) -> None:
    """Record the present hash of file ``name`` in the manifest."""
    sha256 = hashlib.sha256((path / name).read_bytes()).hexdigest()
    edit_manifest(path, lambda manifest: manifest["files"].update({name: sha256}))


def swap_graph(path: Path, graph: str, networks: TinyNetworks) -> None:
    """Replace ``graph`` by that of other networks, with its hash."""
    (path / f"{graph}.onnx").write_bytes(networks.graphs()[graph])
    rehash(path, f"{graph}.onnx")
