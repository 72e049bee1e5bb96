"""What the evaluation needs of a policy: interfaces that bundles and training runs implement."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

from wmp_core.contract import Contract
from wmp_training.env.environment import Observation


class Agent(Protocol):
    """A deterministic policy with its recurrent state, for N robots.

    Attributes:
        kl: KL(posterior || prior) of every robot's last world-model step [N], nats; NaN without an image or
            without a world model.
    """

    kl: Tensor

    def __call__(self, observation: Observation) -> Tensor:
        """Clipped actions [N, J]; call once per policy tick."""


class Candidate(Protocol):
    """A policy to evaluate.

    Attributes:
        name: shown in tables.
        contract: under which the policy is, or would be, deployed.
        uses_camera: the policy needs depth images.
        uses_height_map: the policy observes the height map around the robot, which only simulation knows.
    """

    name: str
    contract: Contract
    uses_camera: bool
    uses_height_map: bool

    def agent(self, num_robots: int) -> Agent:
        """A new agent in its initial state."""

    def identity(self) -> dict[str, Any]:
        """Kind, name and hash as JSON data; no two candidates share it."""
