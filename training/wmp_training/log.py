"""log.jsonl: the log of a run, one line of JSON per iteration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class RunLog:
    """The log of ``rank`` of the run in ``folder``."""

    def __init__(self, folder: Path, rank: int = 0) -> None:
        self.file = folder / (f"log_rank{rank}.jsonl" if rank else "log.jsonl")

    def append(self, line: dict[str, Any]) -> None:
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """All lines, without a last one that was cut off by a kill; empty if there is no log."""
        lines = self.file.read_text().splitlines() if self.file.is_file() else []
        try:
            return [json.loads(line) for line in lines]
        except json.JSONDecodeError:
            return [json.loads(line) for line in lines[:-1]]

    def forget_after(self, iteration: int) -> None:
        """Drop the lines after ``iteration``, because a run resumed from there logs them again."""
        if not self.file.is_file():
            return
        kept = [json.dumps(line) + "\n" for line in self.lines() if line["iteration"] <= iteration]
        fresh = self.file.with_name(self.file.name + ".new")
        fresh.write_text("".join(kept))
        fresh.replace(self.file)
