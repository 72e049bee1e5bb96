"""Ranges for training's randomisation that contain the recorded robots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml


def write_ranges(file: Path, verdicts: Sequence[Mapping[str, Any]]) -> bool:
    """Write, as YAML, the smallest ranges that contain those which ``verdicts`` suggest.

    Returns False, and writes nothing, if none of them suggests any.
    """
    merged: dict[str, list[float]] = {}
    for verdict in verdicts:
        for key, (low, high) in verdict.get("suggested_randomisation", {}).items():
            known = merged.get(key, [low, high])
            merged[key] = [min(known[0], low), max(known[1], high)]
    if not merged:
        return False
    used = [verdict for verdict in verdicts if verdict.get("suggested_randomisation")]
    bags = ", ".join(Path(verdict["bag"]).name for verdict in used)
    head = f"# Ranges that contain the robot of: {bags}. Use: wmp train --randomisation {file.name}\n"
    file.write_text(head + yaml.safe_dump(merged, sort_keys=False, default_flow_style=None), encoding="utf-8")
    return True
