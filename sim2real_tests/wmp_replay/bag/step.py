"""One step of the world model as it was recorded: the unit in which a walk is read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wmp_core.robot_state import RobotState
from wmp_replay.bag.records import LatentRecord, PolicyStep


@dataclass(frozen=True)
class WorldModelStep:
    """World-model tick ``tick`` of an episode with its policy steps.

    Attributes:
        episode: counts starts of the policy within the bag, from 0.
        follows: the step before it in the bag is the one at ``tick - k``, with all of its actions.
        policy: the policy steps of this tick, ``k`` of them, fewer where the walk ended.
        states: raw robot state of each policy step, None where the bag holds none of that stamp.
        depth: float32 ``[H, W]`` metres that the model consumed at this tick; None where it saw nothing.
        depth_stamp: capture time in s, NaN without an image.
        depth_lost: the model consumed an image that the bag does not hold.
        latent: h of this tick, as recorded; None at tick 0, and where it was lost.
        outcome: the latent of ``tick + k``: holds z and KL of this tick.
    """

    episode: int
    tick: int
    follows: bool
    policy: tuple[PolicyStep, ...]
    states: tuple[RobotState | None, ...]
    depth: np.ndarray | None
    depth_stamp: float
    depth_lost: bool
    latent: LatentRecord | None
    outcome: LatentRecord | None

    @property
    def stamp(self) -> float:
        """Time (s) of the world-model tick."""
        return self.policy[0].stamp

    @property
    def proprioception(self) -> np.ndarray:
        """Proprioception ``[P]`` at the tick, as recorded."""
        return self.policy[0].proprioception

    @property
    def actions(self) -> np.ndarray:
        """``[k, J]``, oldest first; fewer rows where the walk ended."""
        return np.stack([step.action for step in self.policy])

    @property
    def depth_age(self) -> float:
        """Age (s) of the image when it was consumed; NaN without one."""
        return self.stamp - self.depth_stamp if self.depth is not None else math.nan
