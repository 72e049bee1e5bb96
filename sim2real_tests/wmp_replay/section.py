"""The verdict on one aspect of a walk."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wmp_replay.thresholds import Limit

#: A figure that could not be computed, in a formatted text.
UNKNOWN_FIGURE = re.compile(r"[+-]?\bnan\b")


class Status(enum.IntEnum):
    """From best to worst; ``SKIP``: not judged."""

    SKIP = -1
    PASS = 0
    WARN = 1
    FAIL = 2

    def __str__(self) -> str:
        return self.name.lower()


def worst(statuses: Iterable[Status]) -> Status:
    """The most severe one; SKIP if there is none."""
    return max(statuses, default=Status.SKIP)


@dataclass(frozen=True)
class Finding:
    """One sentence with its status."""

    status: Status
    text: str


@dataclass
class Section:
    """Findings and figures of one aspect; ``figures`` are JSON data with units in their keys."""

    name: str
    findings: list[Finding] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def add(self, status: Status, text: str) -> None:
        """Append a finding; figures in ``text`` that are not known (NaN) become a dash."""
        self.findings.append(Finding(status, UNKNOWN_FIGURE.sub("-", text)))

    def judge(self, value: float, limit: Limit, text: str) -> None:
        """Append a finding on a quantity that should be small; SKIP if it is NaN."""
        if math.isnan(value):
            status = Status.SKIP
        else:
            status = Status.FAIL if value > limit.fail else Status.WARN if value > limit.warn else Status.PASS
        self.add(status, text)

    @property
    def status(self) -> Status:
        """Status of the worst finding."""
        return worst(finding.status for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        findings = [{"status": str(finding.status), "text": finding.text} for finding in self.findings]
        return {"status": str(self.status), "findings": findings, "figures": plain(self.figures)}


def plain(value: Any) -> Any:
    """``value`` as JSON data: arrays as lists, numbers that are not finite as null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value
