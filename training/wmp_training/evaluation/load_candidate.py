"""Load the policy to evaluate: a bundle, or the last checkpoint of a training run."""

from __future__ import annotations

from pathlib import Path

from wmp_core.verification import load_verified
from wmp_training.evaluation.bundle_candidate import BundleCandidate
from wmp_training.evaluation.candidate import Candidate


def load_candidate(bundle: Path | None, run: Path | None) -> Candidate:
    """The policy of ``bundle`` or ``run``; raises ``ValueError`` unless exactly one is given."""
    if bundle is not None and run is None:
        return BundleCandidate(load_verified(bundle))
    if bundle is None and run is not None:
        # Imported here: evaluating a bundle needs none of the training code.
        from wmp_training.evaluation.run_candidate import RunCandidate

        return RunCandidate(run)
    raise ValueError("expected either --bundle or --run")
