"""Ranges for training's randomisation that contain the recorded robots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml


def write_ranges(file: Path, verdicts: Sequence[Mapping[str, Any]]) -> None:
    """Write, as YAML, the smallest ranges that contain those which ``verdicts`` suggest."""
    merged: dict[str, list[float]] = {}
    for verdict in verdicts:
        for key, (low, high) in verdict.get("suggested_randomisation", {}).items():
            known = merged.get(key, [low, high])
            merged[key] = [min(known[0], low), max(known[1], high)]
    bags = ", ".join(Path(verdict["bag"]).name for verdict in verdicts)
    head = f"# Ranges that contain the robot of: {bags}. Use: wmp train --randomisation {file.name}\n"
    file.write_text(head + yaml.safe_dump(merged, sort_keys=False, default_flow_style=None), encoding="utf-8")
