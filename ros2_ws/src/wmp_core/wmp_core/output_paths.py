"""Checks of output paths: bad ones are refused before any work, and nothing is overwritten silently."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def check_new_folder(folder: Path, remedy: str = "name another --out") -> None:
    """Refuse a ``folder`` that is not empty or cannot be created; leaves nothing behind.

    Raises:
        FileExistsError: it is a file, or a folder that is not empty; the message ends with the ``remedy``.
        NotADirectoryError, PermissionError: it cannot be created.
    """
    if folder.is_dir() and any(folder.iterdir()):
        names = sorted(entry.name for entry in folder.iterdir())
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        raise FileExistsError(f"{folder} is not empty: it holds {shown}; {remedy}")
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file, expected a new folder; {remedy}")
    _check_can_write_in(folder if folder.is_dir() else folder.parent, folder)


def check_file(file: Path, overwrite: bool, remedy: str = "--overwrite replaces it") -> None:
    """Refuse a ``file`` that exists, unless ``overwrite``, or that cannot be written; leaves nothing behind.

    Raises:
        FileExistsError: it exists; the message names its size and the ``remedy``.
        IsADirectoryError, NotADirectoryError, PermissionError: it cannot be written.
    """
    if file.is_dir():
        raise IsADirectoryError(f"{file} is a folder, expected the name of a file")
    if file.exists() and not overwrite:
        raise FileExistsError(f"{file} exists ({file.stat().st_size} bytes) and would be lost; {remedy}")
    _check_can_write_in(file.parent, file)


def _check_can_write_in(folder: Path, target: Path) -> None:
    """Refuse ``target`` if ``folder``, or its nearest existing parent, cannot be written to."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise NotADirectoryError(f"{target} cannot be created: {existing} is a file, expected a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(f"{target} cannot be created: no permission to write to {existing}")
    try:  # permissions alone do not tell: some file systems refuse every new file
        with tempfile.TemporaryFile(dir=existing) as probe:
            probe.write(b"0")
    except OSError as error:
        raise PermissionError(f"{target} cannot be created in {existing}: {error.strerror}") from error
