"""What became of a walk with a fault: its figures, its verdict, its row of the table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

COLUMNS = ("fault", "detected after", "reaction", "fell", "outside", "log")
_WIDTHS = (20, 44, 10, 6, 14, 8)


@dataclass(frozen=True)
class FaultResult:
    """The result of one kind of fault.

    Attributes:
        detected_after_ms: time from injection to detection; None if the controller did not react.
        detection: what was counted during the fault, such as lost states.
        commands: commands on the wire.
        first_violation: the first command outside the envelope; empty if there is none.
        log_intact: whether every policy step can be read from the bag.
        failure: why the walk counts as failed; empty if it does not.
        command_line: the ``wmp sim`` command that repeats the walk.
        figures: those of ``wmp sim --json``.
    """

    kind: str
    description: str
    lockstep: bool
    detected_after_ms: float | None
    detection: str
    reaction: str
    fell: bool
    commands: int
    commands_outside_envelope: int
    first_violation: str
    log_intact: bool
    failure: str
    command_line: str
    figures: dict[str, Any]

    @property
    def injected(self) -> bool:
        """Whether the fault occurred before the walk ended."""
        return bool(self.figures.get("fault"))

    @property
    def passed(self) -> bool:
        """Whether the guarantees that hold for every fault were kept."""
        return self.injected and self.commands > 0 and self.commands_outside_envelope == 0 and self.log_intact

    def cells(self) -> tuple[str, ...]:
        """One cell per column of :data:`COLUMNS`."""
        if self.detected_after_ms is not None:
            detected = f"{self.detected_after_ms:.0f} ms"
        else:
            detected = self.detection or "-"
        return (
            self.kind,
            detected,
            self.reaction,
            "fell" if self.fell else "no",
            f"{self.commands_outside_envelope} of {self.commands}",
            "intact" if self.log_intact else "DAMAGED",
        )


def table_row(cells: Sequence[str]) -> str:
    """A line of the table."""
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


def report(results: Sequence[FaultResult]) -> dict[str, Any]:
    """All results as plain values."""
    return {
        "passed": all(result.passed for result in results),
        "faults": [dataclasses.asdict(result) for result in results],
    }
