"""What the environment needs from a physics engine: tensors in, tensors out, per-robot reset onto any world.

Joints are in contract order; positions in m and rad, world frame unless said otherwise; velocities of the
base in the base frame; quaternions (w, x, y, z), base -> world.
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
    """The W prepared worlds a robot can be placed on.

    ``names`` of the terrain kinds; ``kind`` [W] indexes them, ``level`` [W]; ``parameters`` [W, R] what was
    randomised, scaled to about one (a privileged observation of the critic).
    """

    names: tuple[str, ...]
    kind: Tensor
    level: Tensor
    parameters: Tensor


class Simulator(Protocol):
    """N robots, each on its own world; takes and gives tensors on ``device``."""

    device: torch.device
    num_robots: int
    substeps: int
    worlds: Worlds

    def ground_height(self, world: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Height of the ground at points of worlds, all [M]."""

    def surroundings(self, robots: Tensor) -> tuple[Tensor, Tensor]:
        """World heights in m around ``robots`` [M], turned with them: of the ground [M, 187], of ceilings
        [M, 17] (see ``height_map.py``; 100 m where nothing hangs over the robot)."""

    def place(
        self, robots: Tensor, world: Tensor, pose: Tensor, velocity: Tensor, q: Tensor, dq: Tensor
    ) -> None:
        """Put ``robots`` [M] onto ``world`` [M]: ``pose`` [M, 7] position and quaternion, ``velocity`` [M, 6]
        world linear and base angular, ``q`` and ``dq`` [M, J]."""

    def push(self, robots: Tensor, velocity: Tensor) -> None:
        """Add ``velocity`` [M, 2] (world x, y) to the bases of ``robots``."""

    def step(self, targets: Tensor) -> None:
        """One control period with joint position ``targets`` [N, substeps, J]."""

    def states(self) -> RobotStates:
        """State after the last step or placement."""

    def depth(self, robots: Tensor, pitch: Tensor) -> Tensor:
        """Planar depth [M, H, W] in m, camera pitched by ``pitch`` [M] rad; 0 where nothing is hit."""

    def state_dict(self) -> dict[str, Tensor]:
        """Everything the next step depends on, for an exact resume."""

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go back to a state of :meth:`state_dict`."""
