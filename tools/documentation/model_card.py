"""The model card of a bundle as a page of the site."""

from __future__ import annotations

import re
from pathlib import Path


def model_card(bundle: Path) -> str:
    """The card's text without its title: the page has one."""
    text = (bundle / "README.md").read_text(encoding="utf-8")
    return text.split("\n", 1)[1]


def card_pictures(bundle: Path) -> list[Path]:
    """The pictures that the card shows."""
    return [bundle / name for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", model_card(bundle))]
