"""The files of a recording: named by ``metadata.yaml``, or found in its folder."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from wmp_recording.storage.errors import BagError

METADATA = "metadata.yaml"
#: Names of storage files, and what compression appends.
SUFFIXES, COMPRESSED = (".mcap", ".db3"), (".zstd", ".zst", ".lz4")


@dataclass
class BagFolder:
    """What a path names: ``files`` to read, content of ``metadata.yaml``, and what is wrong with either."""

    files: list[Path]
    metadata: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_partial: bool = False


def is_storage_file(path: Path) -> bool:
    """Whether ``path`` has the name of a storage file, compressed or not."""
    return _plain_name(path).endswith(SUFFIXES)


def is_bag(path: Path) -> bool:
    """Whether ``path`` is a storage file, or a folder with one or with a ``metadata.yaml``."""
    if path.is_file():
        return is_storage_file(path)
    return (path / METADATA).is_file() or any(is_storage_file(file) for file in path.iterdir())


def open_folder(path: Path) -> BagFolder:
    """Find the files of the recording at ``path``: a rosbag2 folder, or a single storage file.

    Raises:
        BagError: there is no recording.
    """
    kinds = " or ".join(SUFFIXES)
    if path.is_file():
        if not is_storage_file(path):
            raise BagError(
                f"{path} is no rosbag2 recording: expected a folder, {kinds}"
                + (" (convert a ROS 1 bag with rosbags-convert)" if path.suffix == ".bag" else "")
            )
        return BagFolder([path])
    if not path.is_dir():
        raise BagError(f"{path} does not exist; expected a rosbag2 folder, or a file {kinds}")
    metadata, problems = _metadata(path)
    found = _storage_files(path)
    files, missing = _listed(path, metadata, found)
    problems += [f"{name} is listed in {METADATA} but missing" for name in missing]
    if files:
        others = [file for file in found if file not in files]
        splits = [file for file in others if _series(file) in {_series(each) for each in files}]
        files += splits
        foreign = ", ".join(file.name for file in others if file not in splits)
        if foreign:
            problems.append(f"{foreign}: not listed in {METADATA} and left out")
    files = files or found
    if not files:
        raise BagError(f"{path} holds no {kinds}: expected a rosbag2 folder")
    return BagFolder(sorted(files, key=_by_number), metadata, problems, bool(missing))


def parse_metadata(text: str) -> dict[str, Any]:
    """The information in a ``metadata.yaml``, with or without its outer key.

    Raises:
        ValueError: it is damaged.
    """
    try:
        content = yaml.safe_load(text)
        return dict(content.get("rosbag2_bagfile_information", content))
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{METADATA} is damaged ({type(error).__name__})") from error


def _metadata(folder: Path) -> tuple[dict[str, Any], list[str]]:
    file = folder / METADATA
    if not file.is_file():
        return {}, [f"no {METADATA}: the recorder did not stop cleanly"]
    try:
        return parse_metadata(file.read_text(encoding="utf-8", errors="replace")), []
    except ValueError as error:
        return {}, [str(error)]


def _listed(folder: Path, metadata: dict[str, Any], found: list[Path]) -> tuple[list[Path], list[str]]:
    """The files that the metadata name, compressed since or not, and the names of missing ones."""
    by_name = {_plain_name(file): file for file in found}
    files, missing = [], []
    names = metadata.get("relative_file_paths")
    for name in names if isinstance(names, list) else []:
        file = folder / Path(str(name)).name
        known = by_name.get(_plain_name(file), file)
        if known.exists():
            files.append(known)
        else:
            missing.append(file.name)
    return list(dict.fromkeys(files)), missing


def _storage_files(folder: Path) -> list[Path]:
    """Every storage file in ``folder``; the plain one where a compressed copy lies beside it."""
    files = sorted(
        (file for file in folder.iterdir() if file.is_file() and is_storage_file(file)),
        key=lambda file: file.suffix not in SUFFIXES,
    )
    unique: dict[str, Path] = {}
    for file in files:
        unique.setdefault(_plain_name(file), file)
    return sorted(unique.values(), key=_by_number)


def _plain_name(file: Path) -> str:
    return file.stem if file.suffix in COMPRESSED else file.name


def _series(file: Path) -> str:
    """The name of a split file without its number: ``walk`` of ``walk_12.mcap``."""
    return re.sub(r"_\d+$", "", Path(_plain_name(file)).stem)


def _by_number(file: Path) -> list[tuple[int, str]]:
    """Sorts ``walk_2`` before ``walk_10``."""
    return [(int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", file.name)]
