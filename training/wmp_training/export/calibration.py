"""Calibrate the runtime's safety limits from successful episodes: tilt, tilt rate and surprise.

Here an episode is successful if it reaches the goal: one that is too fast is still a safe walk, whose tilt
and surprise must not stop the robot.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.calibration import Calibration
from wmp_core.contract import Contract
from wmp_training.evaluation.bundle_candidate import BundleCandidate
from wmp_training.evaluation.episodes import Progress, run_trials
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.trial import CellKey, trials

logger = logging.getLogger(__name__)

#: Difficulties and seed of the calibration; published figures use other seeds.
DIFFICULTIES, SEED = (0.1, 0.3, 0.5, 0.7, 0.9), 1000
#: Fewest successful episodes to calibrate from.
FEWEST = 20
#: Margin of new episodes over the largest observed value: attitude in rad, rate as a factor.
ATTITUDE_MARGIN, RATE_MARGIN = 0.1, 1.1
#: Lower bound of the attitude limit, rad: calibration has no pushes, and a pushed robot tilts this far.
SMALLEST_ATTITUDE = 0.5
#: Upper bounds of the limits, rad and rad/s: beyond 1.2 rad plus the runtime's margin of 0.2 rad a robot lies
#: on its side, and a robot that tips over turns at 5 rad/s or more.
LARGEST_ATTITUDE, LARGEST_RATE = 1.2, 12.0
#: Share of successful episodes that never exceed the surprise threshold.
QUANTILE = 0.99


@dataclass(frozen=True)
class Measured:
    """Result of the calibration.

    Attributes:
        attitude: attitude limit for the contract, rad; None if too few episodes succeeded.
        successes: successful episodes, from which the limits come.
        episodes: all episodes.
    """

    attitude: float | None
    calibration: Calibration
    successes: int
    episodes: int

    def limited(self, contract: Contract) -> Contract:
        """The contract with the measured attitude limit."""
        return replace(contract, limits=replace(contract.limits, attitude=self.attitude))


def run_calibration(
    bundle: Bundle,
    terrains: Sequence[str],
    episodes: int,
    threads: int = 1,
    progress: Callable[[str, int], Progress] | None = None,
) -> list[Outcome]:
    """Run ``episodes`` of the deterministic policy per terrain and difficulty of :data:`DIFFICULTIES`.

    ``progress`` makes, from a terrain and its number of episodes, what receives the progress of its episodes.
    """
    outcomes = []
    for terrain in terrains:
        walks = [trial for level in DIFFICULTIES for trial in trials(CellKey(terrain, level), episodes, SEED)]
        listener = None if progress is None else progress(terrain, len(walks))
        found = run_trials(BundleCandidate(bundle), walks, Protocol(), threads, progress=listener)
        logger.info(
            "calibration on %s: %d of %d succeeded", terrain, sum(o.end == "goal" for o in found), len(found)
        )
        outcomes += found
    return outcomes


def calibrate(outcomes: Sequence[Outcome]) -> Measured:
    """The limits from the successful episodes in ``outcomes``."""
    good = [outcome for outcome in outcomes if outcome.end == "goal"]
    if len(good) < FEWEST:
        logger.warning(
            "%d of %d episodes succeeded, expected at least %d: the runtime keeps its default limits",
            *(len(good), len(outcomes), FEWEST),
        )
        return Measured(None, Calibration(), len(good), len(outcomes))
    attitude = max(outcome.attitude for outcome in good) + ATTITUDE_MARGIN
    rate = max(outcome.attitude_rate for outcome in good) * RATE_MARGIN
    surprise = float(np.quantile([outcome.surprise for outcome in good], QUANTILE))
    return Measured(
        round(min(max(attitude, SMALLEST_ATTITUDE), LARGEST_ATTITUDE), 3),
        Calibration(surprise=round(surprise, 3), attitude_rate=round(min(rate, LARGEST_RATE), 3)),
        len(good),
        len(outcomes),
    )
