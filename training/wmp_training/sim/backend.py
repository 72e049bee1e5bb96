"""What the environment needs from a physics engine: tensors in and out, per-robot resets onto any world.

Joints are in contract order. Positions are in m and rad, in the world frame unless stated otherwise; base
velocities are in the base frame; quaternions are (w, x, y, z), base to world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass
class RobotStates:
    """State of all N robots.

    ``position`` [N, 3], ``quat`` [N, 4], ``linear_velocity`` and ``angular_velocity`` [N, 3] (base frame),
    ``q`` and ``dq`` [N, J], ``torque`` [N, J] N m, ``foot_force`` [N, 4, 3] N (world frame), ``leg_contact``
    [N, 8] (thighs and calves touch something), ``trunk_contact`` [N] (trunk or a hip does).
    """

    position: Tensor
    quat: Tensor
    linear_velocity: Tensor
    angular_velocity: Tensor
    q: Tensor
    dq: Tensor
    torque: Tensor
    foot_force: Tensor
    leg_contact: Tensor
    trunk_contact: Tensor


@dataclass
class Worlds:
    """The W compiled worlds on which a robot can be placed.

    Attributes:
        names: of the terrain kinds.
        kind: index into ``names`` [W].
        level: of each world [W].
        parameters: randomised properties [W, R], scaled to about one (a privileged observation).
    """

    names: tuple[str, ...]
    kind: Tensor
    level: Tensor
    parameters: Tensor


class Simulator(Protocol):
    """N robots, each on its own world; all tensors are on ``device``."""

    device: torch.device
    num_robots: int
    substeps: int
    worlds: Worlds

    def ground_height(self, world: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Height of the ground [M], m, at ``x``, ``y`` [M] of ``world`` [M]."""

    def surroundings(self, robots: Tensor) -> tuple[Tensor, Tensor]:
        """Heights in the world frame [m] around ``robots`` [M], in their heading frame.

        Returns:
            Ground [M, 187] and ceilings [M, 17] (100 m where there is none), see ``height_map.py``.
        """

    def place(
        self, robots: Tensor, world: Tensor, pose: Tensor, velocity: Tensor, q: Tensor, dq: Tensor
    ) -> None:
        """Put ``robots`` [M] onto ``world`` [M].

        ``pose`` [M, 7] is position and quaternion, ``velocity`` [M, 6] linear (world frame) and angular (base
        frame), ``q`` and ``dq`` are [M, J].
        """

    def push(self, robots: Tensor, velocity: Tensor) -> None:
        """Add ``velocity`` [M, 2] (world x, y; m/s) to the bases of ``robots`` [M]."""

    def step(self, targets: Tensor) -> None:
        """Simulate one control period with joint position ``targets`` [N, substeps, J]."""

    def states(self) -> RobotStates:
        """States after the last step or placement."""

    def depth(self, robots: Tensor, pitch: Tensor) -> Tensor:
        """Planar depth [M, H, W], m, with the camera pitched by ``pitch`` [M] rad; 0 where nothing is hit."""

    def state_dict(self) -> dict[str, Tensor]:
        """Everything the next step depends on, for an exact resume."""

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore a state from :meth:`state_dict`."""
