"""All measurements of a walk, in one pass over its steps and before any verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wmp_core.bundle import Bundle
from wmp_replay.bag.step import WorldModelStep
from wmp_replay.dynamics import DynamicsTest, JointDynamics
from wmp_replay.exactness import Exactness
from wmp_replay.integrity import IntegrityTest
from wmp_replay.latent import LatentTest
from wmp_replay.motors.trajectory import Trajectory, TrajectoryRecord
from wmp_replay.prediction import PredictionErrors, PredictionTest
from wmp_replay.recompute import Recomputer
from wmp_replay.surprise import SurpriseTest, Timeline


@dataclass(frozen=True)
class Measurements:
    """The tests after their last step, and their results: ``start`` [s] of the walk, ``latents [N, D]``."""

    start: float
    integrity: IntegrityTest
    exactness: Exactness
    prediction_test: PredictionTest
    prediction: PredictionErrors | None
    surprise_test: SurpriseTest
    surprise: Timeline
    latents: np.ndarray
    dynamics: JointDynamics | None
    trajectory: Trajectory | None


def measure(
    steps: Iterable[WorldModelStep], bundle: Bundle, tolerance: float, fit: bool = False
) -> Measurements:
    """Measure a walk in one pass; memory grows by about 100 bytes per step and holds no images.

    With ``fit``, also keeps the trajectory of the joints, up to a bound, to fit the motors.
    """
    integrity, exactness = IntegrityTest(bundle.contract.depth.far), Exactness(bundle, tolerance)
    prediction, surprise = PredictionTest(bundle), SurpriseTest(bundle)
    latent, dynamics = LatentTest(), DynamicsTest(bundle.contract)
    trajectory = TrajectoryRecord(bundle.contract) if fit else None
    start = np.nan
    for done in Recomputer(bundle).run(steps):
        start = done.step.stamp if np.isnan(start) else start
        integrity.update(done.step)
        exactness.update(done)
        prediction.update(done.step)
        surprise.update(done)
        latent.update(done)
        dynamics.update(done.step)
        if trajectory is not None:
            trajectory.update(done.step)
    return Measurements(
        float(start),
        integrity,
        exactness,
        prediction,
        prediction.finish(),
        surprise,
        surprise.timeline(),
        latent.latents(),
        dynamics.finish(),
        None if trajectory is None else trajectory.finish(),
    )
