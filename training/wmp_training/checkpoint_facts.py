"""A checkpoint's folder and its facts (JSON): the part that needs no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TENSORS, FACTS = "state.safetensors", "state.json"


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or not be used as requested."""


def find_checkpoint(folder: Path) -> Path:
    """``folder`` itself if it is a checkpoint, else the checkpoint of the run or stage ``folder``."""
    inside = folder / "checkpoint"
    return folder if is_checkpoint(folder) and not is_checkpoint(inside) else inside


def load_facts(folder: Path) -> dict[str, Any]:
    """The facts of the checkpoint ``folder``.

    Raises:
        FileNotFoundError: there is no checkpoint.
        CheckpointError: the file is damaged.
    """
    file = existing_file(folder, FACTS)
    try:
        return json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise CheckpointError(
            f"{file} is damaged ({error}), expected a file written by `wmp train`"
        ) from error


def is_checkpoint(folder: Path) -> bool:
    """Whether ``folder`` holds a checkpoint."""
    return (_standing(folder) / FACTS).is_file()


def _standing(folder: Path) -> Path:
    """``folder``, or the previous checkpoint beside it if a save was killed between its two renames."""
    old = folder.with_suffix(".old")
    return old if old.is_dir() and not folder.exists() else folder


def existing_file(folder: Path, name: str) -> Path:
    file = _standing(folder) / name
    if not file.is_file():
        raise FileNotFoundError(f"no checkpoint in {folder}: expected {name} there; first run `wmp train`")
    return file
