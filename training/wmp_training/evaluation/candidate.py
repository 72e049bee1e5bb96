"""Who is judged: the exported graphs of a bundle, or whatever policy a training run has learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from wmp_core.bundle import Bundle
from wmp_core.contract import Contract
from wmp_training.env.environment import Observation
from wmp_training.evaluation.agent import BundleAgent


class Agent(Protocol):
    """A deterministic policy and its memory, for a number of robots.

    ``kl`` [N] nats: how much every robot's last image surprised its world model; NaN where nothing did.
    """

    kl: Tensor

    def __call__(self, observation: Observation) -> Tensor:
        """Clipped actions [N, J] at a policy tick; called once for each."""


class Candidate(Protocol):
    """``contract`` as it would be deployed; ``camera`` if images are needed, ``surroundings`` if the policy
    is told the height map (no robot could be)."""

    name: str
    contract: Contract
    camera: bool
    surroundings: bool

    def agent(self, num_robots: int) -> Agent:
        """A new one that remembers nothing."""

    def identity(self) -> dict[str, Any]:
        """What tells this candidate from all others, as JSON data."""


class BundleCandidate:
    """A bundle, as deployed."""

    camera, surroundings = True, False

    def __init__(self, bundle: Bundle) -> None:
        self.bundle, self.name, self.contract = bundle, bundle.name, bundle.contract

    def agent(self, num_robots: int) -> Agent:
        return BundleAgent(self.bundle, num_robots)

    def identity(self) -> dict[str, Any]:
        return {"kind": "bundle", "name": self.name, "sha256": self.bundle.sha256}


def candidate(bundle: Path | None, run: Path | None) -> Candidate:
    """The one that is given; ``ValueError`` unless it is one of the two."""
    if bundle is not None and run is None:
        return BundleCandidate(Bundle.load(bundle))
    if bundle is None and run is not None:
        # Imported here: to judge a bundle takes nothing of what trains.
        from wmp_training.evaluation.run_candidate import RunCandidate

        return RunCandidate(run)
    raise ValueError("expected either --bundle or --run")
