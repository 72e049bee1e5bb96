"""The bundle to use where none is named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator

DEFAULT_BUNDLE = Path("models") / "a1_wmp_v0"


def find_bundle() -> Path:
    """The bundle to use when none is named: ``$WMP_BUNDLE``, else ``models/a1_wmp_v0`` of the checkout.

    The checkout is looked for upwards from the working directory and from this package.

    Raises:
        FileNotFoundError: there is none.
    """
    named = os.environ.get("WMP_BUNDLE")
    if named:
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
