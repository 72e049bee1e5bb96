"""Cells of the evaluation: the episodes on one terrain at one difficulty under one condition, summarised."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from wmp_training.evaluation.conditions import NOMINAL
from wmp_training.evaluation.metrics import ENDS, FAULTS, Fault, Outcome
from wmp_training.evaluation.trial import CellKey

#: Figures averaged over the episodes in which they exist.
MEANS = (
    *("progress", "duration", "velocity_error", "yaw_error", "cost_of_transport", "collisions"),
    *("upright_height", "mean_speed", "leg_contacts"),
)
#: Two-sided 95 % quantile of the standard normal distribution.
Z95 = 1.959964


@dataclass(frozen=True)
class Cell:
    """Figures of one terrain at one difficulty under one condition; NaN where no episode has the figure.

    Attributes:
        success: success rate, with its 95 % confidence interval (Wilson) ``success_low``..``success_high``.
        ends: share of episodes by end.
        faults: share of episodes that reached the goal but failed a rule, by rule; one may fail several.
        means: means of the figures in :data:`MEANS`, see
            :class:`~wmp_training.evaluation.metrics.Outcome`.
        peak_torque: largest torque of any hip, thigh and calf joint, N m.
        by_seed: success rate of each seed.
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
    condition: str = NOMINAL
    faults: dict[Fault, float] = field(default_factory=dict)

    @property
    def key(self) -> CellKey:
        """Terrain, difficulty and condition."""
        return CellKey(self.terrain, self.difficulty, self.condition)


def pool(outcomes: Mapping[int, Sequence[Outcome]]) -> Cell:
    """The cell of the outcomes of all seeds together."""
    together = [outcome for of_seed in outcomes.values() for outcome in of_seed]
    shares = {seed: sum(o.success for o in of_seed) / len(of_seed) for seed, of_seed in outcomes.items()}
    return replace(summarise(together), by_seed=shares)


def summarise(outcomes: Sequence[Outcome]) -> Cell:
    """The cell of ``outcomes``; raises ``ValueError`` unless they come from one."""
    keys = {outcome.trial.key for outcome in outcomes}
    if len(keys) != 1:
        raise ValueError(f"outcomes come from {', '.join(map(str, sorted(keys)))}, expected one cell")
    ((terrain, difficulty, condition),) = keys
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
        means={name: mean([getattr(outcome, name) for outcome in outcomes]) for name in MEANS},
        peak_torque=tuple(max(outcome.peak_torque[joint] for outcome in outcomes) for joint in range(3)),  # type: ignore[arg-type]
        condition=condition,
        faults={fault: sum(fault in outcome.faults for outcome in outcomes) / count for fault in FAULTS},
    )


def wilson(successes: int, count: int) -> tuple[float, float]:
    """95 % confidence interval of a probability after ``successes`` in ``count`` trials (Wilson 1927)."""
    share, square = successes / count, Z95 * Z95
    centre = (share + square / (2 * count)) / (1 + square / count)
    spread = math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    half = Z95 / (1 + square / count) * spread
    return max(0.0, centre - half), min(1.0, centre + half)


def mean(values: Sequence[float]) -> float:
    """Mean of the ``values`` that exist; NaN without any."""
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan


#: Columns of the table of all figures, and the figure of each.
_COLUMNS = {
    "progress m": "progress",
    "speed m/s": "mean_speed",
    "speed error m/s": "velocity_error",
    "yaw-rate error rad/s": "yaw_error",
    "cost of transport": "cost_of_transport",
    "collisions /m": "collisions",
    "thigh and calf contacts /m": "leg_contacts",
}


def markdown(cells: Sequence[Cell]) -> str:
    """All figures as a Markdown table, one row per cell."""
    first = ("terrain", "difficulty", "condition", "success", "95 %", "falls", "failed rules")
    titles = (*first, *_COLUMNS, "peak torque N m (hip, thigh, calf)")
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for cell in cells:
        columns = (
            cell.terrain,
            f"{cell.difficulty:.2f}",
            cell.condition,
            f"{cell.success:.0%}",
            f"{cell.success_low:.0%}..{cell.success_high:.0%}",
            f"{cell.ends['fall']:.0%}",
            failed_rules(cell) or "-",
            *(_figure(cell.means[name]) for name in _COLUMNS.values()),
            ", ".join("-" if math.isnan(peak) else f"{peak:.0f}" for peak in cell.peak_torque),
        )
        lines.append(f"| {' | '.join(columns)} |")
    return "\n".join(lines)


def failed_rules(cell: Cell) -> str:
    """The rules that episodes failed although they reached the goal, with their shares; empty without any."""
    return ", ".join(f"{fault} {share:.0%}" for fault, share in cell.faults.items() if share)


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
