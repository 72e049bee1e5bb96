"""The journal of a node: a file with its steps and states, from which the figures of a run are computed.

A subscriber may join late, read late, or lose messages on a busy machine. The journal is complete under any
load, and a killed process loses no finished line.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, Dict, List, Optional, TextIO


class Journal:
    """Appends entries to a file, one JSON object per line. Thread-safe.

    Args:
        path: the file; ``None`` writes nothing.

    Raises:
        OSError: the file cannot be created.
    """

    def __init__(self, path: Optional[Path] = None) -> None:
        self._lock = threading.Lock()
        self._file: Optional[TextIO] = None if path is None else path.open("w", buffering=1, encoding="utf-8")

    def write(self, kind: str, **values: Any) -> None:
        """Append an entry; ``values`` are numbers, strings, or dictionaries of them."""
        if self._file is None:
            return
        line = json.dumps({"kind": kind, **values})
        with self._lock:
            self._file.write(line + "\n")


class JournalReader:
    """Reads a journal, also while it is being written.

    Args:
        path: the file; it may be created later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Optional[TextIO] = None
        self._partial = ""

    def read(self) -> List[Dict[str, Any]]:
        """The entries since the last call, oldest first; an unfinished line is returned once complete."""
        if self._file is None:
            if not self._path.exists():
                return []
            self._file = self._path.open(encoding="utf-8")
        *lines, self._partial = (self._partial + self._file.read()).split("\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
