"""Where things lie: the package's data files and the bundle, in a source checkout, a pip and a colcon install."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "wmp_bringup"
DEFAULT_BUNDLE = Path("models") / "a1_wmp_v0"


def share_file(relative: str) -> Path:
    """Path of a data file such as ``config/a1_sim.yaml``.

    Raises:
        FileNotFoundError: no installation holds it.
    """
    roots = [Path(__file__).resolve().parents[1]]
    prefixes = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    roots += [Path(prefix) / "share" / PACKAGE for prefix in prefixes if prefix]
    for root in roots:
        if (root / relative).is_file():
            return root / relative
    raise FileNotFoundError(f"{relative} of {PACKAGE} not found in {', '.join(map(str, roots))}; "
                            "install the package again")


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
    raise FileNotFoundError(f"no bundle: {DEFAULT_BUNDLE} is in no folder above {Path.cwd()}; name one with "
                            "--bundle or WMP_BUNDLE")


def _ancestors(*starts: Path) -> Iterator[Path]:
    for start in starts:
        yield start
        yield from start.parents
