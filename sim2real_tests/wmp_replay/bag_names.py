"""Names of bags that appear together: in tables, as report pages, in a baseline."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wmp_recording.storage.folder import COMPRESSED, SUFFIXES

#: The name of the overview page, which no bag may have.
TAKEN = "index"


def bag_names(bags: Sequence[Path]) -> list[str]:
    """Unique names in the order of ``bags``.

    A bag has the name of its folder or file. Bags that share one get their path below the common folder, with
    ``_`` between folders.
    """
    own = [_plain_name(bag.name) for bag in bags]
    count = Counter([*own, TAKEN])
    places = [bag.absolute().parent for bag in bags]
    root = os.path.commonpath(places) if places else ""
    return [
        name if count[name] == 1 else "_".join((*place.relative_to(root).parts, bag.name))
        for bag, name, place in zip(bags, own, places, strict=True)
    ]


def named(verdicts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each verdict with the name of its bag."""
    yield from zip(bag_names([Path(verdict["bag"]) for verdict in verdicts]), verdicts, strict=True)


def _plain_name(name: str) -> str:
    """The name of a folder, or of a storage file without its endings."""
    for ending in (*COMPRESSED, *SUFFIXES):
        name = name.removesuffix(ending)
    return name
