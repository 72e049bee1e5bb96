"""An older verdict to compare with: only sections that got worse count."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wmp_replay.bag_names import named
from wmp_replay.errors import BaselineError

#: From best to worst, as in :class:`wmp_replay.section.Status`.
ORDER = ("skip", "pass", "warn", "fail")


def read_baseline(file: Path) -> dict[str, Mapping[str, Any]]:
    """Verdicts by the names of their bags, from a file that ``wmp replay --json`` wrote.

    Raises:
        BaselineError: the file does not exist or holds something else.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        verdicts = dict(named(content.get("bags", [content])))
        for verdict in verdicts.values():
            for section in verdict["sections"].values():
                ORDER.index(section["status"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BaselineError(f"{file} is no verdict of 'wmp replay --json': {error!r}") from error
    return verdicts


def regressions(
    verdicts: Sequence[Mapping[str, Any]], baseline: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Sections that are worse than in ``baseline``, one line each; bags that it lacks are left out."""
    return [line for name, new in named(verdicts) for line in _worse(name, new, baseline.get(name))]


def _worse(name: str, new: Mapping[str, Any], old: Mapping[str, Any] | None) -> Iterator[str]:
    if old is None:
        return
    if "error" in new and "error" not in old:
        yield f"{name}: the baseline could read it; now: {new['error']}"
    for section, found in new["sections"].items():
        before = old["sections"].get(section, {}).get("status")
        if before is not None and ORDER.index(found["status"]) > ORDER.index(before):
            yield f"{name}: {section} was {before} and is {found['status']}"
