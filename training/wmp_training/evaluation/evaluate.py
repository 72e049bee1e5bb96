"""Run an evaluation: add every requested cell to the report, then evaluate the world model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from wmp_training.evaluation.bundle_candidate import BundleCandidate
from wmp_training.evaluation.candidate import Candidate
from wmp_training.evaluation.episodes import MakeTracks, Progress, run_trials
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.open_loop import OpenLoopResult, evaluate_open_loop
from wmp_training.evaluation.report import Report
from wmp_training.evaluation.summary import Cell
from wmp_training.evaluation.tracks import Tracks
from wmp_training.evaluation.trial import CellKey, trials

#: Episodes per terrain and difficulty for the world model; each gives about ten sequences.
OPEN_LOOP_EPISODES = 2


def evaluate(
    candidate: Candidate,
    report: Report,
    keys: Sequence[CellKey],
    threads: int,
    on_cell: Callable[[Cell], None],
    rerun: Callable[[Outcome], Outcome] | None = None,
    progress: Callable[[str, int], Progress] | None = None,
    make_tracks: MakeTracks = Tracks,
) -> int:
    """Add the cells of ``keys`` that ``report`` lacks; all seeds of a cell run in parallel.

    Args:
        on_cell: called with each new cell once ``report`` holds it.
        rerun: repeats an episode by another method, whose outcome then counts.
        progress: makes, from the name and number of episodes of a cell, what receives their progress.
        make_tracks: places the robots in the simulator that the protocol of ``report`` names.

    Returns:
        The number of episodes whose success both methods agree on; 0 without ``rerun``.
    """
    agreeing = 0
    for key in keys:
        if report.cell(key) is not None:
            continue
        count = report.episodes
        cell_trials = [trial for seed in report.seeds for trial in trials(key, count, seed)]
        listener = None if progress is None else progress(str(key), len(cell_trials))
        outcomes = run_trials(candidate, cell_trials, report.protocol, threads, None, listener, make_tracks)
        if rerun is not None:
            again = [rerun(outcome) for outcome in outcomes]
            agreeing += sum(a.success == b.success for a, b in zip(outcomes, again, strict=True))
            outcomes = again
        begins = zip(report.seeds, range(0, len(outcomes), count), strict=True)
        on_cell(report.add({seed: outcomes[begin : begin + count] for seed, begin in begins}))
    return agreeing


def evaluate_world_model(
    candidate: BundleCandidate,
    report: Report,
    keys: Sequence[CellKey],
    progress: Callable[[str, int], Progress] | None = None,
) -> dict[str, OpenLoopResult]:
    """Evaluate open-loop prediction on every terrain of ``keys`` and put the errors into ``report``.

    The robots are nominal, whatever the conditions of ``keys``.

    Returns:
        The results by terrain, where an episode is long enough.
    """
    seeing = replace(report.protocol, blind="no")
    results = {}
    for terrain in dict.fromkeys(key.terrain for key in keys):
        levels = dict.fromkeys(key.difficulty for key in keys if key.terrain == terrain)
        nominal = (CellKey(terrain, level) for level in levels)
        episodes = [trial for key in nominal for trial in trials(key, OPEN_LOOP_EPISODES, report.seeds[0])]
        listener = None if progress is None else progress(f"{terrain}, open-loop prediction", len(episodes))
        result = evaluate_open_loop(candidate.bundle, episodes, seeing, listener)
        report.open_loop[terrain] = None if result is None else result.errors
        if result is not None:
            results[terrain] = result
    return results
