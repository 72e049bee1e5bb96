"""Every requirement is pinned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
EXACT = re.compile(
    r"""[A-Za-z0-9._-]+(\[\w+\])?==[0-9][0-9A-Za-z.]*(;\spython_version\s[<>=]+\s"3\.\d+")?(\s+\#.*)?""", re.X
)


@pytest.mark.parametrize("path", sorted(REQUIREMENTS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_requirement_is_pinned_exactly(path):
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not EXACT.fullmatch(line)] == []
