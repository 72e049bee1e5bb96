"""Find a bundle from what a user types: a folder, a bare name under ``models/``, or nothing."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Iterator, List, Optional

from wmp_core.manifest import MANIFEST

DEFAULT_BUNDLE = Path("models") / "a1_wmp_v1"


def resolve_bundle(text: Optional[str] = None) -> Path:
    """The absolute path of the bundle that ``text`` names.

    ``text`` is a bundle folder, else the bare name of one under ``models/`` of a checkout; without it,
    ``$WMP_BUNDLE`` counts, then ``models/a1_wmp_v1``. Checkouts are searched upwards from the working
    directory, then from this package.

    Raises:
        FileNotFoundError: there is none; the message lists those under ``models/`` and the nearest name.
    """
    named = text or os.environ.get("WMP_BUNDLE") or DEFAULT_BUNDLE.name
    folder = Path(named).expanduser()
    if (folder / MANIFEST).is_file():
        return folder.resolve()
    if folder.name == named:
        for models in models_folders():
            if (models / named / MANIFEST).is_file():
                return models / named
    raise FileNotFoundError(_not_found(named))


def _not_found(named: str) -> str:
    known: List[str] = []
    for models in models_folders():
        found = sorted(file.parent.name for file in models.glob("*/" + MANIFEST))
        known += [name for name in found if name not in known]
    if not known:
        return (
            f"no bundle {named!r}: it is no folder with a {MANIFEST}, and no folder above {Path.cwd()} "
            "has bundles under models/; give a bundle's folder with --bundle or WMP_BUNDLE"
        )
    near = difflib.get_close_matches(Path(named).name, known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return (
        f"no bundle {named!r}: it is no folder with a {MANIFEST}, and models/ has {', '.join(known)}{meant}"
    )


def models_folders() -> Iterator[Path]:
    """``models/`` of every folder above the working directory, then above this package; need not exist."""
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            yield folder / DEFAULT_BUNDLE.parent
