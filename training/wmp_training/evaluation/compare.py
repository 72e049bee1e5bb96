"""Tables of success rates: one evaluation, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from wmp_training.evaluation.report import Report, ReportError
from wmp_training.evaluation.summary import Cell


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
    """Success rates in Markdown: a row per terrain, a column per difficulty."""
    levels = sorted({cell.difficulty for cell in report.cells})
    lines = ["| terrain | " + " | ".join(f"{level:g}" for level in levels) + " |"]
    lines.append("|---" * (len(levels) + 1) + "|")
    for terrain in _terrains([report]):
        cells = (report.cell(terrain, level) for level in levels)
        lines.append(f"| {terrain} | " + " | ".join(_percent(cell) for cell in cells) + " |")
    return "\n".join(lines)


def comparison_table(reports: Mapping[str, Report]) -> str:
    """Success rates [%] in Markdown: a row per terrain, a column per policy with one figure per difficulty.

    Raises:
        ReportError: the protocols differ, so the figures are not comparable.
    """
    protocols = {replace(report.protocol, blind="no") for report in reports.values()}
    if len(protocols) > 1:
        found = sorted(map(str, protocols))
        raise ReportError(f"evaluations follow different protocols, expected one: {found}")
    levels = sorted({cell.difficulty for report in reports.values() for cell in report.cells})
    lines = ["| % at " + ", ".join(f"{level:g}" for level in levels) + " | " + " | ".join(reports) + " |"]
    lines.append("|---" * (len(reports) + 1) + "|")
    for terrain in _terrains(list(reports.values())):
        columns = (_percentages(report, terrain, levels) for report in reports.values())
        lines.append(f"| {terrain} | " + " | ".join(columns) + " |")
    counts = (str(report.episodes * len(report.seeds)) for report in reports.values())
    return "\n".join([*lines, " | ".join(("| episodes per figure", *counts)) + " |"])


def _percentages(report: Report, terrain: str, levels: Sequence[float]) -> str:
    shares = (_percent(report.cell(terrain, level)) for level in levels)
    return ", ".join(share.removesuffix("%") for share in shares)


def _terrains(reports: Sequence[Report]) -> list[str]:
    return list(dict.fromkeys(cell.terrain for report in reports for cell in report.cells))


def _percent(cell: Cell | None) -> str:
    return "-" if cell is None else f"{cell.success:.0%}"
