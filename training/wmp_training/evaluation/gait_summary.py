"""Summaries of gaits, the bars that they have to hold, and their table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wmp_training.evaluation.gait import Gait
from wmp_training.evaluation.summary import mean


@dataclass(frozen=True)
class GaitSummary:
    """Walks at one commanded ``speed`` [m/s]: means over the episodes, and their largest drift.

    Attributes:
        arrived: share of the episodes that reached the goal, or stood until the end.
    """

    speed: float
    episodes: int
    arrived: float
    cost_of_transport: float
    gait: Gait


def summarise_gaits(gaits: Sequence[Gait]) -> Gait:
    """Means of all figures that exist, and the largest drift."""
    means = {
        key: mean([getattr(gait, key) for gait in gaits]) for key in ("asymmetry", "roll", "pitch", "slip")
    }
    feet_means = {
        key: tuple(mean([getattr(gait, key)[foot] for gait in gaits]) for foot in range(4))
        for key in ("clearance", "duty")
    }
    return Gait(**means, **feet_means, drift=max(gait.drift for gait in gaits))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Bar:
    """What a figure of the gait has to be: at least, or at most, ``limit`` in ``unit``."""

    figure: str
    unit: str
    limit: float
    at_least: bool = False

    def holds(self, value: float) -> bool:
        """Whether ``value`` is good enough; a missing figure (NaN) is not."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{self.figure} {'>=' if self.at_least else '<='} {self.limit:g} {self.unit}".rstrip()


#: Bars of walking and of standing.
WALKING_BARS = (
    Bar("arrived", "%", 100.0, at_least=True),
    Bar("lowest clearance", "mm", 40.0, at_least=True),
    Bar("asymmetry", "%", 10.0),
    Bar("roll", "deg", 2.0),
    Bar("pitch", "deg", 2.0),
    Bar("slip", "m/s", 0.1),
    Bar("cost of transport", "", 1.0),
    Bar("drift", "m", 0.3),
)
STANDING_BARS = (
    Bar("arrived", "%", 100.0, at_least=True),
    Bar("roll", "deg", 2.0),
    Bar("pitch", "deg", 2.0),
    Bar("drift", "m", 0.05),
)


def bars(speed: float) -> tuple[Bar, ...]:
    """The bars at a commanded ``speed``, m/s."""
    return WALKING_BARS if speed > 0 else STANDING_BARS


def bar_figures(summary: GaitSummary) -> Mapping[str, float]:
    """The figures that bars name, in their units."""
    gait = summary.gait
    # Python's min skips a NaN or not depending on its place; a foot that never swings has no clearance.
    lowest = math.nan if any(map(math.isnan, gait.clearance)) else min(gait.clearance)
    return {
        "arrived": 100.0 * summary.arrived,
        "lowest clearance": 1000.0 * lowest,
        "asymmetry": 100.0 * gait.asymmetry,
        "roll": math.degrees(gait.roll),
        "pitch": math.degrees(gait.pitch),
        "slip": gait.slip,
        "cost of transport": summary.cost_of_transport,
        "drift": gait.drift,
    }


def missed_bars(summary: GaitSummary) -> list[Bar]:
    """The bars that ``summary`` does not hold."""
    figures = bar_figures(summary)
    return [bar for bar in bars(summary.speed) if not bar.holds(figures[bar.figure])]


def gait_table(summaries: Sequence[GaitSummary]) -> str:
    """The figures in Markdown, a row per speed, and the bars that do not hold."""
    titles = (
        "commanded m/s",
        "arrived",
        "clearance mm (FL, FR, RL, RR)",
        "duty factor (FL, FR, RL, RR)",
        "roll, pitch deg",
        "slip m/s",
        "cost of transport",
        "drift m",
        "bars missed",
    )
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    lines += [f"| {' | '.join(_columns(each))} |" for each in summaries]
    return "\n".join(lines)


def _columns(each: GaitSummary) -> tuple[str, ...]:
    gait, missed = each.gait, ", ".join(map(str, missed_bars(each)))
    return (
        f"{each.speed:g}",
        f"{each.arrived:.0%}",
        _feet(gait.clearance, 1000.0, 0) if each.speed else "-",
        _feet(gait.duty, 1.0, 2),
        f"{_figure(math.degrees(gait.roll), 1)}, {_figure(math.degrees(gait.pitch), 1)}",
        _figure(gait.slip, 2),
        _figure(each.cost_of_transport, 2),
        _figure(gait.drift, 2),
        missed or f"none of {len(bars(each.speed))}",
    )


def _feet(values: Sequence[float], factor: float, digits: int) -> str:
    return ", ".join(_figure(factor * value, digits) for value in values)


def _figure(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def parse_gait(data: dict[str, Any]) -> GaitSummary:
    """The summary from its JSON data, where null is NaN."""

    def number(value: float | None) -> float:
        return math.nan if value is None else float(value)

    gait = {
        key: tuple(map(number, value)) if isinstance(value, list) else number(value)
        for key, value in data["gait"].items()
    }
    rest = {key: number(value) for key, value in data.items() if key not in ("gait", "episodes")}
    return GaitSummary(**rest, episodes=data["episodes"], gait=Gait(**gait))  # type: ignore[arg-type]
