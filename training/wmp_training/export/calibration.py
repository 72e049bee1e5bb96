"""What a policy does when all is well, measured in closed loop: where the robot's watchdogs begin."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.calibration import Calibration
from wmp_core.contract import Contract
from wmp_training.evaluation.candidate import BundleCandidate
from wmp_training.evaluation.episodes import run_trials
from wmp_training.evaluation.measures import Outcome
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.trial import trials

logger = logging.getLogger(__name__)

#: Difficulties that are walked, and the seed: not one of those that published figures use.
LEVELS, SEED = (0.1, 0.3, 0.5, 0.7, 0.9), 1000
#: Fewer successful episodes than this say nothing.
FEWEST = 20
#: What unseen episodes may exceed the largest seen by: attitude rad, rate as a factor.
ATTITUDE_MARGIN, RATE_MARGIN = 0.1, 1.1
#: Nobody is pushed here, so a robot that sways this far is still walking, rad.
SMALLEST_ATTITUDE = 0.5
#: No policy may ask for more: with the runtime's margin of 0.2 rad a robot lies on its side or back; and one
#: that tips over turns at 5 rad/s or more.
LARGEST_ATTITUDE, LARGEST_RATE = 1.2, 12.0
#: Share of the successful episodes that never exceed the surprise threshold.
QUANTILE = 0.99


@dataclass(frozen=True)
class Measured:
    """``attitude`` rad for the contract's limits, None where nothing could be measured; ``successes`` of
    ``episodes`` it was taken from."""

    attitude: float | None
    calibration: Calibration
    successes: int
    episodes: int

    def limited(self, contract: Contract) -> Contract:
        """The contract with what was measured."""
        return replace(contract, limits=replace(contract.limits, attitude=self.attitude))


def walk(bundle: Bundle, terrains: Sequence[str], episodes: int, threads: int = 1) -> list[Outcome]:
    """``episodes`` of the deterministic policy on every terrain at every level of :data:`LEVELS`."""
    outcomes = []
    for terrain in terrains:
        walks = [trial for level in LEVELS for trial in trials(terrain, level, episodes, SEED)]
        found = run_trials(BundleCandidate(bundle), walks, Protocol(), threads)
        logger.info("calibration on %s: %d of %d made it", terrain, sum(o.success for o in found), len(found))
        outcomes += found
    return outcomes


def calibrate(outcomes: Sequence[Outcome]) -> Measured:
    """Limits from what robots did in the successful ones of ``outcomes``."""
    good = [outcome for outcome in outcomes if outcome.success]
    if len(good) < FEWEST:
        logger.warning(
            "%d of %d episodes succeeded, %d are needed: the robot's watchdogs keep their own limits",
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
