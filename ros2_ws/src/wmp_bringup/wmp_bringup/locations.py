"""Where things lie: the parameter files of this package, and what the flight recorder writes."""

from __future__ import annotations

import os
from pathlib import Path


def shipped_parameters(mode: str) -> Path:
    """The parameter file shipped for ``mode`` (sim or real)."""
    return Path(__file__).resolve().parent / "config" / f"a1_{mode}.yaml"


def flights_folder() -> Path:
    """Where a real robot's flight recorder writes: ``$WMP_FLIGHTS``, else ``~/.ros/wmp_flights``."""
    return Path(os.environ.get("WMP_FLIGHTS") or Path.home() / ".ros" / "wmp_flights")
