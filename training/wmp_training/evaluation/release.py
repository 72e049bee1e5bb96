"""The bars of a release: success rates that a bundle's evaluations have to reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wmp_training.evaluation.conditions import NOMINAL
from wmp_training.evaluation.gait_summary import GaitSummary, missed_bars
from wmp_training.evaluation.protocol import OWN, RELEASE_SEEDS, SIMULATORS, Simulator
from wmp_training.evaluation.report import Report, ReportError
from wmp_training.evaluation.trial import EVALUATED, CellKey

#: Fewest episodes per cell.
EPISODES = 50


@dataclass(frozen=True)
class Bar:
    """Success rate that every terrain has to reach under a condition.

    Attributes:
        except_for: lower or higher rates of single terrains.
        below_nominal: the rate is relative: at most this far below that of the nominal condition.
    """

    condition: str
    difficulty: float
    success: float = 0.0
    simulator: Simulator = OWN
    except_for: dict[str, float] = field(default_factory=dict)
    below_nominal: float | None = None

    def key(self, terrain: str) -> CellKey:
        """The cell of ``terrain`` that the bar is about."""
        return CellKey(terrain, self.difficulty, self.condition)

    def __str__(self) -> str:
        where = "" if self.simulator == OWN else f" in {self.simulator}"
        wanted = f"{self.success:.0%}" + "".join(f", {t} {s:.0%}" for t, s in self.except_for.items())
        if self.below_nominal is not None:
            wanted = f"at most {100 * self.below_nominal:.0f} points below {NOMINAL}"
        return f"{self.condition} {self.difficulty:g}{where}: {wanted}"


_COURSE = {"course": 0.85}
BARS = (
    *(Bar(name, 0.9, 0.90, except_for=_COURSE) for name in (NOMINAL, "delay_10", "delay_20")),
    Bar("delay_30", 0.9, 0.75),
    Bar("damping_1", 0.5, 0.90),
    Bar("real_stack", 0.9, below_nominal=0.05),
    *(Bar(NOMINAL, 0.5, 0.95, simulator) for simulator in SIMULATORS if simulator != OWN),
    *(Bar(NOMINAL, 0.9, 0.80, simulator) for simulator in SIMULATORS if simulator != OWN),
)


@dataclass(frozen=True)
class Verdict:
    """Whether one bar holds; ``missed`` names what does not reach it, or has not been evaluated."""

    bar: str
    missed: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether everything reaches the bar."""
        return not self.missed


def verdicts(reports: Sequence[Report], bars: Sequence[Bar] = BARS) -> list[Verdict]:
    """Judge the ``reports`` of one bundle, at most one per simulator, by ``bars`` and by those of the gait.

    Raises:
        ReportError: the reports are of several bundles, not under the release's seeds and number of episodes,
            without images, of nominal robots, or two are of the same simulator.
    """
    by_simulator = {report.protocol.simulator: report for report in reports}
    if len(by_simulator) != len(reports):
        raise ReportError("two evaluations are of the same simulator, expected one of each")
    if len({report.candidate["sha256"] for report in reports}) > 1:
        raise ReportError("the evaluations are of several bundles, expected one")
    for report in reports:
        _check(report)
    found = [Verdict(str(bar), tuple(_missed(by_simulator.get(bar.simulator), bar))) for bar in bars]
    own = by_simulator.get(OWN)
    return [*found, Verdict("gait on flat ground", tuple(_missed_gait([] if own is None else own.gait)))]


def _check(report: Report) -> None:
    if report.seeds != RELEASE_SEEDS:
        raise ReportError(f"{report.name} was evaluated with seeds {report.seeds}, expected --seeds release")
    count = report.episodes * len(report.seeds)
    if count < EPISODES:
        raise ReportError(f"{report.name} has {count} episodes per cell, expected at least {EPISODES}")
    if report.protocol.blind != "no" or not report.protocol.varied:
        raise ReportError(f"{report.name} was evaluated blind or nominal, expected neither")


def _missed(report: Report | None, bar: Bar) -> list[str]:
    if report is None:
        return [f"no evaluation in {bar.simulator}"]
    missed = []
    for terrain in EVALUATED:
        cell, wanted = report.cell(bar.key(terrain)), bar.except_for.get(terrain, bar.success)
        if bar.below_nominal is not None:
            nominal = report.cell(CellKey(terrain, bar.difficulty))
            cell = None if nominal is None else cell
            wanted = 0.0 if nominal is None else nominal.success - bar.below_nominal
        if cell is None:
            missed.append(f"{terrain} not evaluated")
        elif cell.success < wanted - 1e-9:
            missed.append(f"{terrain} {cell.success:.0%}")
    return missed


def _missed_gait(summaries: Sequence[GaitSummary]) -> list[str]:
    if not summaries:
        return ["not evaluated (--gait)"]
    return [f"{bar} at {each.speed:g} m/s" for each in summaries for bar in missed_bars(each)]


def verdict_table(found: Sequence[Verdict]) -> str:
    """The verdicts in Markdown, a row per bar."""
    rows = ((each.bar, "yes" if each.holds else "no", ", ".join(each.missed) or "-") for each in found)
    return "\n".join(
        ["| bar | holds | missed by |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    )
