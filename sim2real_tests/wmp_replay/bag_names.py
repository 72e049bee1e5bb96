"""What bags are called where several stand side by side: in tables, as pages, against an older verdict."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from wmp_replay.bag.storage import SUFFIXES

#: A page that is none of a bag's.
TAKEN = "index"


def bag_names(bags: Sequence[Path]) -> list[str]:
    """Names in the order of ``bags``, no two alike: a bag's own, or where that is another's too, its path
    below the folder of all, with ``_`` between folders."""
    own = [bag.stem if bag.suffix in SUFFIXES else bag.name for bag in bags]
    count = Counter([*own, TAKEN])
    places = [bag.absolute().parent for bag in bags]
    root = os.path.commonpath(places) if places else ""
    return [
        name if count[name] == 1 else "_".join((*place.relative_to(root).parts, bag.name))
        for bag, name, place in zip(bags, own, places, strict=True)
    ]
