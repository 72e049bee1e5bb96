"""Initial states of new episodes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wmp_core.contract import JointContract
from wmp_training.env.config import EnvConfig
from wmp_training.sim.backend import Simulator


@dataclass
class Start:
    """Initial states of M robots.

    ``pose`` [M, 7] position and quaternion, ``velocity`` [M, 6] linear (world frame) and angular (base
    frame), ``q`` and ``dq`` [M, J].
    """

    pose: Tensor
    velocity: Tensor
    q: Tensor
    dq: Tensor


class Placement:
    """Draws initial states: half almost at rest, half dropped with random velocities.

    On open ground the heading is arbitrary.

    Args:
        device: of the environment's tensors.
    """

    #: Height of the base above the ground of a robot at rest, and of a dropped one [m].
    AT_REST, DROPPED = 0.29, 0.35
    #: Ranges (+-) for a dropped robot: velocities [m/s, rad/s], joint position errors [rad] and joint
    #: velocities [rad/s]. A robot at rest gets this share of them.
    VELOCITY, POSITION_ERROR, JOINT_SPEED, CALM_SHARE = 0.4, 0.3, 1.0, 0.1

    def __init__(self, config: EnvConfig, joints: JointContract, device: torch.device) -> None:
        self.config, self.device = config, device
        self.default, self.lower, self.upper = (
            torch.tensor(limit, device=device)
            for limit in (joints.default_position, joints.position_lower, joints.position_upper)
        )

    def draw(self, simulator: Simulator, world: Tensor, track: Tensor) -> Start:
        """Draw starts on ``world`` [M]; ``track`` [M] says which are tracks along +x."""
        count = len(world)
        calm = torch.rand(count, device=self.device) < 0.5
        spread = torch.where(track, self.config.start_x, 1.0)
        x, y = self._uniform(count) * spread, self._uniform(count) * spread
        heading = self._uniform(count) * torch.where(track, self.config.start_heading, torch.pi)
        z = simulator.ground_height(world, x, y) + torch.where(calm, self.AT_REST, self.DROPPED)
        zero = torch.zeros_like(x)
        pose = torch.stack([x, y, z, torch.cos(heading / 2), zero, zero, torch.sin(heading / 2)], dim=-1)
        wild = torch.where(calm, self.CALM_SHARE, 1.0)[:, None]
        velocity = self.VELOCITY * wild * self._uniform(count, 6)
        joints = len(self.default)
        q = self.default + self.POSITION_ERROR * wild * self._uniform(count, joints)
        dq = self.JOINT_SPEED * wild * self._uniform(count, joints)
        return Start(pose, velocity, torch.clamp(q, self.lower, self.upper), dq)

    def _uniform(self, *shape: int) -> Tensor:
        """Uniform random numbers in [-1, 1]."""
        return torch.rand(*shape, device=self.device) * 2.0 - 1.0
