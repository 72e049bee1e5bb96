"""What became of a simulated walk with one fault, as a row of a table and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

COLUMNS = ("fault", "detected after", "reaction", "fell", "outside", "log")
_WIDTHS = (20, 44, 10, 6, 14, 8)


@dataclass(frozen=True)
class FaultResult:
    """One row of the table.

    Attributes:
        detected_after_ms: robot time from the begin of the fault to its detection; None if not detected.
        detection: counters that show the fault, like "37 states lost"; for the table where no time is known.
        commands: commands that the robot received.
        first_violation: the first of the ``commands_outside_envelope``; empty if there is none.
        log_intact: whether every policy step can be read from the bag.
        figures: those of ``wmp sim`` for this walk.
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
    def happened(self) -> bool:
        """Whether the walk lasted until the fault began."""
        return bool(self.figures.get("fault"))

    @property
    def passed(self) -> bool:
        """Whether the robot met the requirements that hold for every fault."""
        walked = self.happened and self.commands > 0
        return walked and self.commands_outside_envelope == 0 and self.log_intact

    def row(self) -> tuple[str, ...]:
        """Its cells, in the order of :data:`COLUMNS`."""
        after = "-" if self.detected_after_ms is None else f"{self.detected_after_ms:.0f} ms"
        return (
            self.kind,
            after if self.detected_after_ms is not None else self.detection or after,
            self.reaction,
            "fell" if self.fell else "no",
            f"{self.commands_outside_envelope} of {self.commands}",
            "intact" if self.log_intact else "DAMAGED",
        )


def line(cells: Sequence[str]) -> str:
    """One line of the table."""
    padded = [f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)]
    return "  ".join(padded).rstrip()


def report(results: Sequence[FaultResult]) -> dict[str, Any]:
    """All results as plain values."""
    return {"passed": all(result.passed for result in results), "faults": [asdict(one) for one in results]}
