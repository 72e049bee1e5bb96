"""Where things lie: the parameter files of this package, the bundle, and what the flight recorder writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

DEFAULT_BUNDLE = Path("models") / "a1_wmp_v0"


def shipped_parameters(mode: str) -> Path:
    """The parameter file shipped for ``mode`` (sim or real)."""
    return Path(__file__).resolve().parent / "config" / f"a1_{mode}.yaml"


def flights_folder() -> Path:
    """Where a real robot's flight recorder writes: ``$WMP_FLIGHTS``, else ``~/.ros/wmp_flights``."""
    return Path(os.environ.get("WMP_FLIGHTS") or Path.home() / ".ros" / "wmp_flights")


def find_bundle() -> Path:
    """The bundle to use when none is named: ``$WMP_BUNDLE``, else ``models/a1_wmp_v0`` of the checkout.

    The checkout is looked for upwards from the working directory and from this package.

    Raises:
        FileNotFoundError: there is none.
    """
    if named := os.environ.get("WMP_BUNDLE"):
        return Path(named).resolve()
    for folder in _ancestors(Path.cwd(), Path(__file__).resolve().parent):
        if (folder / DEFAULT_BUNDLE / "bundle.json").is_file():
            return folder / DEFAULT_BUNDLE
    raise FileNotFoundError(
        f"no bundle: {DEFAULT_BUNDLE} is in no folder above {Path.cwd()}; name one with "
        "--bundle or WMP_BUNDLE"
    )


def _ancestors(*starts: Path) -> Iterator[Path]:
    for start in starts:
        yield start
        yield from start.parents
