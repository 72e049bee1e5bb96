"""Cells of the evaluation: what the episodes on one terrain at one difficulty came to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from wmp_training.evaluation.measures import ENDS, Outcome

#: Figures that are averaged over the episodes in which they exist.
MEANS = (
    *("progress", "duration", "velocity_error", "yaw_error", "cost_of_transport", "collisions"),
    "upright_height",
)
#: Two-sided 95 % of the normal distribution.
Z95 = 1.959964


@dataclass(frozen=True)
class Cell:
    """Figures of one terrain at one difficulty; NaN where no episode has the figure.

    ``success`` with its 95 % interval (Wilson), shares of the ways to end by name, means as in
    :class:`~wmp_training.evaluation.measures.Outcome`, the largest torques (N m) of any hip, thigh, calf, and
    the success of every seed alone, where several are pooled.
    """

    terrain: str
    difficulty: float
    episodes: int
    success: float
    success_low: float
    success_high: float
    ends: dict[str, float]
    means: dict[str, float]
    peak_torque: tuple[float, float, float]
    by_seed: dict[int, float] = field(default_factory=dict)


def pool(outcomes: Mapping[int, Sequence[Outcome]]) -> Cell:
    """The cell of the outcomes of several seeds together."""
    together = [outcome for of_seed in outcomes.values() for outcome in of_seed]
    shares = {seed: sum(o.success for o in of_seed) / len(of_seed) for seed, of_seed in outcomes.items()}
    return replace(summarise(together), by_seed=shares)


def summarise(outcomes: Sequence[Outcome]) -> Cell:
    """The cell of ``outcomes``; raises ``ValueError`` unless they share terrain and difficulty."""
    places = {(outcome.trial.terrain, outcome.trial.difficulty) for outcome in outcomes}
    if len(places) != 1:
        raise ValueError(f"outcomes come from {sorted(places)}, expected one terrain at one difficulty")
    ((terrain, difficulty),) = places
    count = len(outcomes)
    successes = sum(outcome.success for outcome in outcomes)
    low, high = wilson(successes, count)
    return Cell(
        terrain,
        difficulty,
        count,
        successes / count,
        low,
        high,
        ends={end: sum(outcome.end == end for outcome in outcomes) / count for end in ENDS},
        means={name: _mean([getattr(outcome, name) for outcome in outcomes]) for name in MEANS},
        peak_torque=tuple(max(outcome.peak_torque[joint] for outcome in outcomes) for joint in range(3)),  # type: ignore[arg-type]
    )


def wilson(successes: int, count: int) -> tuple[float, float]:
    """95 % interval of a probability of which ``successes`` of ``count`` were seen (Wilson 1927)."""
    share, square = successes / count, Z95 * Z95
    centre = (share + square / (2 * count)) / (1 + square / count)
    spread = math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    half = Z95 / (1 + square / count) * spread
    return max(0.0, centre - half), min(1.0, centre + half)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan


def markdown(cells: Sequence[Cell]) -> str:
    """All figures as a table."""
    lines = [
        "| terrain | difficulty | success | 95 % | falls | progress m | speed error m/s "
        "| yaw-rate error rad/s | cost of transport | collisions /m | peak torque N m (hip, thigh, calf) |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        mean = {name: _figure(value) for name, value in cell.means.items()}
        columns = (
            cell.terrain,
            f"{cell.difficulty:.2f}",
            f"{cell.success:.0%}",
            f"{cell.success_low:.0%}..{cell.success_high:.0%}",
            f"{cell.ends['fall']:.0%}",
            *(mean[name] for name in MEANS if name not in ("duration", "upright_height")),
            ", ".join("-" if math.isnan(peak) else f"{peak:.0f}" for peak in cell.peak_torque),
        )
        lines.append(f"| {' | '.join(columns)} |")
    return "\n".join(lines)


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
