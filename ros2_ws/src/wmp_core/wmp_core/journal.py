"""What a node did, appended to a file: the figures of a run come from here.

A subscriber may join late, read late, or lose messages on a busy machine. A node's own journal is complete
whatever the machine does, and a process that is killed loses no finished line.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, Dict, List, Optional, TextIO


class Journal:
    """Appends entries to a file, one JSON object per line; any thread.

    Args:
        path: the file; None writes nothing.

    Raises:
        OSError: the file cannot be created.
    """

    def __init__(self, path: Optional[Path] = None) -> None:
        self._lock = threading.Lock()
        self._file: Optional[TextIO] = None if path is None else path.open("w", buffering=1, encoding="utf-8")

    def write(self, kind: str, **values: Any) -> None:
        """Append one entry; ``values`` are numbers, strings, or dictionaries of them."""
        if self._file is None:
            return
        line = json.dumps({"kind": kind, **values})
        with self._lock:
            self._file.write(line + "\n")


class JournalReader:
    """Reads a journal that may still be growing.

    Args:
        path: the file, which need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Optional[TextIO] = None
        self._rest = ""

    def read(self) -> List[Dict[str, Any]]:
        """The entries since the last call, oldest first; a line that is being written waits for its end."""
        if self._file is None:
            if not self._path.exists():
                return []
            self._file = self._path.open(encoding="utf-8")
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
