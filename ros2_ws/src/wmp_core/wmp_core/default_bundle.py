"""Find the bundle that a user means: a folder, a bare name under ``models/``, or the default."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator, List, Optional

from wmp_core.choices import suggestion
from wmp_core.manifest import MANIFEST

DEFAULT_BUNDLE = Path("models") / "a1_wmp_v1"


def resolve_bundle(text: Optional[str] = None) -> Path:
    """The absolute path of the bundle that ``text`` names.

    ``text`` is a bundle folder or the bare name of one under ``models/`` of a checkout. Without it,
    ``$WMP_BUNDLE`` is used, then ``models/a1_wmp_v1``. Checkouts are searched upwards from the working
    directory, then from this package.

    Raises:
        FileNotFoundError: not found; the message lists the bundles under ``models/`` and the nearest name.
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
            f"no bundle {named!r}: not a folder with a {MANIFEST}, and no folder above {Path.cwd()} "
            "has bundles under models/; give a bundle's folder with --bundle or WMP_BUNDLE"
        )
    meant = suggestion(Path(named).name, known)
    return f"no bundle {named!r}: not a folder with a {MANIFEST}; models/ has {', '.join(known)}{meant}"


def models_folders() -> Iterator[Path]:
    """``models/`` of every folder above the working directory, then above this package; need not exist."""
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            yield folder / DEFAULT_BUNDLE.parent
