"""Finds the recordings that a user names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from wmp_replay.bag.storage import METADATA, SUFFIXES
from wmp_replay.errors import BagError


def find_bags(paths: Iterable[Path]) -> list[Path]:
    """Each path that is a recording, and every recording below the others.

    Raises:
        BagError: a path does not exist, or a folder holds no recording.
    """
    return [bag for path in paths for bag in _bags_of(path)]


def _bags_of(path: Path) -> list[Path]:
    kinds = " or ".join(SUFFIXES)
    if not path.exists():
        raise BagError(f"{path} does not exist; expected a rosbag2 folder, or a file {kinds}")
    if path.is_file() or _is_bag(path):
        return [path]
    found = [folder for folder in sorted(path.rglob("*")) if folder.is_dir() and _is_bag(folder)]
    if not found:
        raise BagError(f"no bag in {path}: no folder in it holds {kinds}; record one with 'wmp record'")
    return found


def _is_bag(folder: Path) -> bool:
    return (folder / METADATA).is_file() or any(
        file.suffix in SUFFIXES or file.stem.endswith(SUFFIXES) for file in folder.iterdir()
    )
