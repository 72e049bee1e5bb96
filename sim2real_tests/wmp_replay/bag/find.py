"""Finds the recordings that a user names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from wmp_recording.storage.folder import SUFFIXES, is_bag
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
    if path.is_file() or is_bag(path):
        return [path]
    found = [folder for folder in sorted(path.rglob("*")) if folder.is_dir() and is_bag(folder)]
    if not found:
        raise BagError(f"no bag in {path}: no folder in it holds {kinds}; record one with 'wmp record'")
    return found
