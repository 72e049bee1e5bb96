"""Evaluate the gait of a policy on flat ground, at several speeds and standing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from wmp_training.evaluation.candidate import Candidate
from wmp_training.evaluation.episodes import MakeTracks, Progress, run_trials
from wmp_training.evaluation.gait import DISTANCE, SPEEDS, STANDING, GaitRecorder
from wmp_training.evaluation.gait_summary import GaitSummary, summarise_gaits
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.summary import mean
from wmp_training.evaluation.tracks import Tracks
from wmp_training.evaluation.trial import CellKey, trials

#: Episodes per speed; a walk has a straight line's time times this until the time limit.
EPISODES, PATIENCE = 5, 1.5


def evaluate_gait(
    candidate: Candidate,
    protocol: Protocol,
    seed: int,
    threads: int = 1,
    progress: Callable[[str, int], Progress] | None = None,
    make_tracks: MakeTracks = Tracks,
    speeds: Sequence[float] = SPEEDS,
) -> list[GaitSummary]:
    """Walk ``DISTANCE`` on flat ground, or stand, at each of ``speeds`` [m/s] with the yaw command at 0."""
    walks = trials(CellKey("flat", 0.0), EPISODES, seed)
    period, found = candidate.contract.timing.control_period, []
    for speed in speeds:
        duration = PATIENCE * DISTANCE / speed if speed else STANDING
        straight = replace(protocol, vx=speed, distance=DISTANCE, duration=duration, heading_gain=0.0)
        recorder = GaitRecorder()
        listener = None if progress is None else progress(f"gait at {speed:g} m/s", len(walks))
        outcomes = run_trials(candidate, walks, straight, threads, recorder, listener, make_tracks)
        found.append(_summary(speed, recorder, outcomes, period))
    return found


def _summary(speed: float, recorder: GaitRecorder, outcomes: Sequence[Outcome], period: float) -> GaitSummary:
    walking = speed > 0
    gaits = [recorder.gait(i, outcome.duration, period, walking) for i, outcome in enumerate(outcomes)]
    arrived = sum(outcome.end == ("goal" if walking else "time") for outcome in outcomes) / len(outcomes)
    cost = mean([outcome.cost_of_transport for outcome in outcomes]) if walking else math.nan
    return GaitSummary(speed, len(outcomes), arrived, cost, summarise_gaits(gaits))
