"""Locations of the parameter files and of the flight recorder's bags."""

from __future__ import annotations

import os
from pathlib import Path


def shipped_parameters(mode: str) -> Path:
    """The parameter file of this package for ``mode`` (sim or real)."""
    return Path(__file__).resolve().parent / "config" / f"a1_{mode}.yaml"


def flights_folder() -> Path:
    """Folder of the bags of a real robot's flight recorder: ``$WMP_FLIGHTS``, else ``~/.ros/wmp_flights``."""
    return Path(os.environ.get("WMP_FLIGHTS") or Path.home() / ".ros" / "wmp_flights")
