"""Which bundle a bag is replayed with: the one that it names, found by its hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from wmp_core.default_bundle import models_folders, resolve_bundle
from wmp_core.manifest import MANIFEST
from wmp_recording.storage.recording import open_recording, run_info
from wmp_replay.errors import BagError, BundleNotFoundError

#: File in a bundle's folder that holds its reference; no part of what is hashed.
REFERENCE_FILE = "replay_reference.npz"


class NamedBundle(NamedTuple):
    """The bundle that walked, as the recorder noted it; ``sha256`` is that of its ``bundle.json``."""

    name: str
    sha256: str


def bundle_of(bag: Path) -> tuple[Path, NamedBundle | None]:
    """The folder of the bundle to replay ``bag`` with, and the bundle that the bag names.

    Bags of other recorders, and bags without their metadata, name none: they get the default bundle
    (:func:`wmp_core.default_bundle.resolve_bundle`).

    Raises:
        BundleNotFoundError: the bag names a bundle that is neither under ``models/`` nor ``$WMP_BUNDLE``.
        FileNotFoundError: the bag names none, and there is no default bundle.
    """
    wanted = named_bundle(bag)
    if wanted is None:
        return resolve_bundle(), None
    searched = []
    for folder in _candidates():
        if hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest() == wanted.sha256:
            return folder, wanted
        searched.append(folder)
    raise BundleNotFoundError(_not_found(bag, wanted, searched))


def short_hash(sha256: str) -> str:
    """As hashes are shown to people."""
    return sha256[:12]


def named_bundle(bag: Path) -> NamedBundle | None:
    """The bundle that ``bag`` names; None if it names none or cannot be opened."""
    try:
        noted = run_info(open_recording(bag)).get("bundle")
    except (BagError, OSError):
        return None
    if not isinstance(noted, dict) or not isinstance(noted.get("sha256"), str):
        return None
    return NamedBundle(str(noted.get("name", "unnamed")), noted["sha256"])


def _candidates() -> Iterator[Path]:
    """Folders with a ``bundle.json``, each once: ``$WMP_BUNDLE``, then those under ``models/``."""
    folders = []
    if os.environ.get("WMP_BUNDLE"):
        with contextlib.suppress(FileNotFoundError):  # one of several places; a wrong one ends no replay
            folders.append(resolve_bundle())
    for models in models_folders():
        folders += sorted(file.parent for file in models.glob(f"*/{MANIFEST}"))
    yield from dict.fromkeys(folder.resolve() for folder in folders)


def _not_found(bag: Path, wanted: NamedBundle, searched: list[Path]) -> str:
    places = ", ".join(map(str, searched)) or f"no models/ in or above {Path.cwd()} holds a bundle"
    which = f"{bag} names bundle {wanted.name} ({short_hash(wanted.sha256)}), which was not found"
    return f"{which}; looked at {places}; give its folder with --bundle"
