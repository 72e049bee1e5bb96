"""Output of the commands: refused before any work if it cannot be written, and reported once it is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from wmp_cli.command import UsageError
from wmp_core import output_paths


def check_file(name: str, file: Path | None, overwrite: bool) -> None:
    """Refuse a ``file`` that cannot be written, or exists without ``overwrite``; None is accepted.

    Args:
        name: the argument that gives the file, like ``--json``.

    Raises:
        UsageError: with the reason.
    """
    if file is None:
        return
    try:
        output_paths.check_file(file, overwrite)
    except OSError as error:
        raise UsageError(f"{name}: {error}") from error


def check_new_folder(name: str, folder: Path | None) -> None:
    """Refuse a ``folder`` that exists, even an empty one, or cannot be created; None is accepted.

    Raises:
        UsageError: with the reason; ``name`` is the argument that gives the folder.
    """
    if folder is None:
        return
    if folder.exists():
        raise UsageError(f"{name}: {folder} exists already; name a new folder")
    try:
        output_paths.check_new_folder(folder)
    except OSError as error:
        raise UsageError(f"{name}: {error}") from error


def check_folder(name: str, folder: Path | None) -> None:
    """Refuse a ``folder`` that can neither be created nor be written to; None is accepted.

    Raises:
        UsageError: with the reason; ``name`` is the argument that gives the folder.
    """
    if folder is None:
        return
    if not folder.exists():
        check_new_folder(name, folder)
    elif not folder.is_dir():
        raise UsageError(f"{name}: {folder} is a file, expected a folder")
    elif not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{name}: no permission to write to {folder}")


def write_json(file: Path, content: Any) -> None:
    """Write ``content`` to ``file``, in a new folder if need be, and say so."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {file}")
