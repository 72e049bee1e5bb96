"""Tables of success rates: one evaluation by difficulty or condition, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from wmp_training.evaluation.conditions import NOMINAL
from wmp_training.evaluation.protocol import OWN
from wmp_training.evaluation.report import Report, ReportError
from wmp_training.evaluation.summary import Cell
from wmp_training.evaluation.trial import CellKey


def load_reports(files: Sequence[Path], names: str | None) -> dict[str, Report]:
    """The evaluations in ``files`` by name: from the comma-separated ``names``, else each report's own.

    Raises:
        ReportError: a file holds no evaluation, or the names are not one distinct name per file.
    """
    reports = [Report.load(file) for file in files]
    chosen = names.split(",") if names else [report.name for report in reports]
    if len(chosen) != len(reports) or len(set(chosen)) != len(reports):
        raise ReportError(f"names are {chosen}, expected {len(reports)} different ones; use --names")
    return dict(zip(chosen, reports, strict=True))


def success_table(report: Report) -> str:
    """Nominal success rates in Markdown: a row per terrain, a column per difficulty."""
    cells = [cell for cell in report.cells if cell.condition == NOMINAL]
    levels = sorted({cell.difficulty for cell in cells})
    lines = _head("terrain", [f"{level:g}" for level in levels])
    for terrain in dict.fromkeys(cell.terrain for cell in cells):
        shares = (_percent(report.cell(CellKey(terrain, level))) for level in levels)
        lines.append(f"| {terrain} | {' | '.join(shares)} |")
    return "\n".join(lines)


def condition_table(report: Report) -> str:
    """Success rates [%] in Markdown: a row per terrain, a column per condition; a figure per difficulty.

    The difficulties are those that conditions other than the nominal one were evaluated at; empty without
    such a condition.
    """
    changed = [cell for cell in report.cells if cell.condition != NOMINAL]
    columns = {condition: (report, condition) for condition in report.conditions}
    return _percentages(columns, changed) if changed else ""


def comparison_table(reports: Mapping[str, Report]) -> str:
    """Success rates [%] in Markdown: a row per terrain, a column per policy and condition.

    A column has one figure per difficulty. Simulators and blinding may differ.

    Raises:
        ReportError: the protocols differ otherwise, so the figures are not comparable.
    """
    protocols = {replace(report.protocol, blind="no", simulator=OWN) for report in reports.values()}
    if len(protocols) > 1:
        found = sorted(map(str, protocols))
        raise ReportError(f"evaluations follow different protocols, expected one: {found}")
    columns = {
        name if condition == NOMINAL else f"{name}, {condition}": (report, condition)
        for name, report in reports.items()
        for condition in report.conditions or [NOMINAL]
    }
    table = _percentages(columns, [cell for report in reports.values() for cell in report.cells])
    counts = (str(report.episodes * len(report.seeds)) for report, _ in columns.values())
    return f"{table}\n| episodes per figure | {' | '.join(counts)} |"


def _percentages(columns: Mapping[str, tuple[Report, str]], cells: Sequence[Cell]) -> str:
    """A table of ``columns`` (report and condition) on the terrains and difficulties of ``cells``."""
    levels = sorted({cell.difficulty for cell in cells})
    lines = _head("% at " + ", ".join(f"{level:g}" for level in levels), list(columns))
    for terrain in dict.fromkeys(cell.terrain for cell in cells):
        figures = (
            ", ".join(
                _percent(report.cell(CellKey(terrain, level, condition))).removesuffix("%")
                for level in levels
            )
            for report, condition in columns.values()
        )
        lines.append(f"| {terrain} | {' | '.join(figures)} |")
    return "\n".join(lines)


def _head(first: str, columns: Sequence[str]) -> list[str]:
    return [f"| {first} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]


def _percent(cell: Cell | None) -> str:
    return "-" if cell is None else f"{cell.success:.0%}"
