"""The evaluation: cell by cell, until all that was asked for is in the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from wmp_training.evaluation.candidate import BundleCandidate, Candidate
from wmp_training.evaluation.episodes import run_trials
from wmp_training.evaluation.foresight import Foresight, judge_foresight
from wmp_training.evaluation.measures import Outcome
from wmp_training.evaluation.report import Report
from wmp_training.evaluation.summary import Cell
from wmp_training.evaluation.trial import trials

#: Terrain and difficulty.
Place = tuple[str, float]
#: Walks per terrain and level on which a world model is judged: each gives some ten sequences.
WALKS = 2


def evaluate(
    who: Candidate,
    report: Report,
    places: Sequence[Place],
    threads: int,
    finished: Callable[[Cell], None],
    repeat: Callable[[Outcome], Outcome] | None = None,
) -> int:
    """Add all ``places`` to ``report`` that it lacks; all seeds of a cell walk side by side.

    Args:
        finished: is told each cell when ``report`` holds it.
        repeat: runs an episode again, in another way, whose outcome counts.

    Returns:
        In how many episodes both ways agree.
    """
    agreeing = 0
    for terrain, difficulty in places:
        if report.holds(terrain, difficulty):
            continue
        count = report.episodes
        walks = [trial for seed in report.seeds for trial in trials(terrain, difficulty, count, seed)]
        outcomes = run_trials(who, walks, report.protocol, threads)
        if repeat is not None:
            again = [repeat(outcome) for outcome in outcomes]
            agreeing += sum(a.success == b.success for a, b in zip(outcomes, again, strict=True))
            outcomes = again
        begins = zip(report.seeds, range(0, len(outcomes), count), strict=True)
        finished(report.add({seed: outcomes[begin : begin + count] for seed, begin in begins}))
    return agreeing


def foresee(who: BundleCandidate, report: Report, places: Sequence[Place]) -> dict[str, Foresight]:
    """Judge the world model on every terrain, into ``report``; what there is to draw, by terrain."""
    seeing = replace(report.protocol, blind="no")
    drawn = {}
    for terrain in dict.fromkeys(name for name, _ in places):
        levels = (level for name, level in places if name == terrain)
        walks = [trial for level in levels for trial in trials(terrain, level, WALKS, report.seeds[0])]
        found = judge_foresight(who.bundle, walks, seeing)
        report.foresight[terrain] = None if found is None else found.errors
        if found is not None:
            drawn[terrain] = found
    return drawn
