"""Result of a check: pass, warn or fail, with figures and a remedy."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping


class Verdict(enum.Enum):
    """FAIL: do not start the robot. WARN: usable, with a known weakness."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """``found`` is text, ``figures`` are numbers with the unit in their names, ``remedy`` says what to do."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> Dict[str, Any]:
        """As JSON data."""
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "found": self.found,
            "remedy": self.remedy,
            "figures": dict(self.figures),
        }


def passed(name: str, found: str, **figures: float) -> Check:
    return Check(name, Verdict.PASS, found, figures=figures)


def warned(name: str, found: str, remedy: str, **figures: float) -> Check:
    return Check(name, Verdict.WARN, found, remedy, figures)


def failed(name: str, found: str, remedy: str, **figures: float) -> Check:
    return Check(name, Verdict.FAIL, found, remedy, figures)


def graded(
    name: str, value: float, warn_from: float, fail_from: float, found: str, remedy: str, **figures: float
) -> Check:
    """Pass below ``warn_from``, fail from ``fail_from`` on; NaN fails."""
    if value < warn_from:
        return passed(name, found, **figures)
    return (warned if value < fail_from else failed)(name, found, remedy, **figures)
