"""Several evaluations side by side: which policy makes it where?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from wmp_training.evaluation.report import Report, ReportError
from wmp_training.evaluation.summary import Cell


def named(files: Sequence[Path], names: str | None) -> dict[str, Report]:
    """The evaluations in ``files`` by name: those of the comma-separated list, or their own.

    Raises:
        ReportError: a file is none, or the names are not as many different ones.
    """
    reports = [Report.load(file) for file in files]
    chosen = names.split(",") if names else [report.name for report in reports]
    if len(chosen) != len(reports) or len(set(chosen)) != len(reports):
        raise ReportError(f"names are {chosen}, expected {len(reports)} different ones; use --names")
    return dict(zip(chosen, reports, strict=True))


def success_table(report: Report) -> str:
    """Success: a line per terrain, a column per difficulty."""
    levels = sorted({cell.difficulty for cell in report.cells})
    lines = ["| terrain | " + " | ".join(f"{level:g}" for level in levels) + " |"]
    lines.append("|---" * (len(levels) + 1) + "|")
    for terrain in _terrains([report]):
        cells = (report.cell(terrain, level) for level in levels)
        lines.append(f"| {terrain} | " + " | ".join(_share(cell) for cell in cells) + " |")
    return "\n".join(lines)


def comparison(reports: Mapping[str, Report]) -> str:
    """Success in %: a line per terrain, a column per policy by its name, in it one figure per difficulty.

    Raises:
        ReportError: they were asked for different things, so that the figures do not compare.
    """
    tasks = {replace(report.protocol, blind="no") for report in reports.values()}
    if len(tasks) > 1:
        raise ReportError(f"evaluations follow different protocols, expected one: {sorted(map(str, tasks))}")
    levels = sorted({cell.difficulty for report in reports.values() for cell in report.cells})
    lines = ["| % at " + ", ".join(f"{level:g}" for level in levels) + " | " + " | ".join(reports) + " |"]
    lines.append("|---" * (len(reports) + 1) + "|")
    for terrain in _terrains(list(reports.values())):
        columns = (_series(report, terrain, levels) for report in reports.values())
        lines.append(f"| {terrain} | " + " | ".join(columns) + " |")
    counts = ("| episodes per figure", *(_episodes(report) for report in reports.values()))
    return "\n".join([*lines, " | ".join(counts) + " |"])


def _series(report: Report, terrain: str, levels: Sequence[float]) -> str:
    shares = (_share(report.cell(terrain, level)) for level in levels)
    return ", ".join(share.removesuffix("%") for share in shares)


def _terrains(reports: Sequence[Report]) -> list[str]:
    return list(dict.fromkeys(cell.terrain for report in reports for cell in report.cells))


def _share(cell: Cell | None) -> str:
    return "-" if cell is None else f"{cell.success:.0%}"


def _episodes(report: Report) -> str:
    return str(report.episodes * len(report.seeds))
