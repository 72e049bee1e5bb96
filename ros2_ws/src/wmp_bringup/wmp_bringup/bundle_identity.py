"""Which bundle ran: its name and a hash that changes with any of its files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def identify_bundle(folder: Path) -> dict[str, str]:
    """``name`` and ``sha256`` of the bundle in ``folder``.

    ``bundle.json`` lists the hash of every file of the bundle, so its own hash stands for all of them.

    Raises:
        FileNotFoundError: the folder holds no bundle.json.
        ValueError: bundle.json is not JSON or has no name.
    """
    manifest = folder / "bundle.json"
    content = manifest.read_bytes()
    try:
        name = json.loads(content)["name"]
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{manifest} is not a bundle manifest: {error!r}") from error
    return {"name": str(name), "sha256": hashlib.sha256(content).hexdigest()}
