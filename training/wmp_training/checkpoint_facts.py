"""A checkpoint's folder and its facts (JSON): what can be asked of it without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TENSORS, FACTS = "state.safetensors", "state.json"


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or not used as asked."""


def kept_or_of_run(folder: Path) -> Path:
    """The checkpoint that ``folder`` is, or the last one of the run or stage that it is."""
    inside = folder / "checkpoint"
    return folder if is_checkpoint(folder) and not is_checkpoint(inside) else inside


def load_facts(folder: Path) -> dict[str, Any]:
    """The facts alone; raises as :func:`load_checkpoint`."""
    file = existing_file(folder, FACTS)
    try:
        return json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{file} is damaged ({error}), expected what `wmp train` wrote") from error


def is_checkpoint(folder: Path) -> bool:
    """Whether there is one to load."""
    return (_standing(folder) / FACTS).is_file()


def _standing(folder: Path) -> Path:
    """Where the checkpoint ``folder`` lies: beside it, if a save was killed while it replaced the folder."""
    old = folder.with_suffix(".old")
    return old if old.is_dir() and not folder.exists() else folder


def existing_file(folder: Path, name: str) -> Path:
    file = _standing(folder) / name
    if not file.is_file():
        raise FileNotFoundError(f"no checkpoint in {folder}: expected {name} there; first run `wmp train`")
    return file
