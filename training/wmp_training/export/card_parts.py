"""What a model card contains, to name what a new card would lose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

#: File name of the card in a bundle.
CARD = "README.md"


@dataclass
class _Section:
    tables: int = 0
    pictures: list[str] = field(default_factory=list)


def lost_parts(old: str, new: str) -> list[str]:
    """Sections, tables and pictures of the card ``old`` that ``new`` does not have, in words."""
    before, after = _sections(old), _sections(new)
    return [words for name, section in before.items() for words in _lost(name, section, after.get(name))]


def _lost(name: str, old: _Section, new: _Section | None) -> Iterator[str]:
    if new is None:
        yield f"section '{name}'"
        return
    if new.tables < old.tables:
        yield f"{old.tables - new.tables} of {old.tables} tables in '{name}'"
    yield from (picture for picture in old.pictures if picture not in new.pictures)


def _sections(card: str) -> dict[str, _Section]:
    """Sections by heading; the title counts as none, because it names the bundle."""
    sections = {"": _Section()}
    current, in_table = sections[""], False
    for line in card.splitlines():
        if line.startswith("## "):
            current = sections.setdefault(line[3:].strip(), _Section())
        is_row = line.startswith("|")
        current.tables += is_row and not in_table
        in_table = is_row
        current.pictures += re.findall(r"!\[[^\]]*\]\(([^)]+)\)", line)
    return sections
