"""One recorded step of the world model: the unit in which a walk is read."""

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
        episode: number of the walk within the bag, from 0; each start of the policy begins one.
        follows: the previous step in the bag is complete and has tick ``tick - k``.
        policy: the ``k`` policy steps of this tick; fewer at the end of the walk.
        states: raw robot state of each policy step; None if the bag holds none with that stamp.
        depth: image that the model consumed at this tick, float32 ``[H, W]`` m; None if it had none.
        depth_stamp: capture time [s]; NaN without an image.
        depth_lost: the model consumed an image that the bag does not hold.
        latent: recorded h of this tick; None at tick 0, and if it was lost.
        outcome: the latent of ``tick + k``, which holds z and KL of this tick.
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
        """Time of the world-model tick [s]."""
        return self.policy[0].stamp

    @property
    def proprioception(self) -> np.ndarray:
        """Recorded proprioception ``[P]`` at the tick, scaled."""
        return self.policy[0].proprioception

    @property
    def actions(self) -> np.ndarray:
        """``[k, J]``, oldest first; fewer rows at the end of the walk."""
        return np.stack([step.action for step in self.policy])

    @property
    def depth_age(self) -> float:
        """Age of the image when it was consumed [s]; NaN without one."""
        return self.stamp - self.depth_stamp if self.depth is not None else math.nan
