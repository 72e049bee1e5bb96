"""What only the simulator knows: for critics and teachers."""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_training.sim.backend import RobotStates, Simulator


def surroundings(simulator: Simulator, base_height: Tensor) -> Tensor:
    """Ground below and ceiling above the bases [N, 204], scaled as in the paper; ``base_height`` [N, 1] m."""
    ground, ceiling = simulator.surroundings()
    below = (base_height - 0.3 - ground).clamp(-1.0, 1.0)
    above = (ceiling - base_height).clamp(-0.5, 0.5)
    return torch.cat([below, above], -1) * 5.0


def privileged(states: RobotStates, parameters: Tensor, late: Tensor, standing: Tensor) -> Tensor:
    """State and body of every robot [N, C], scaled to about one.

    ``parameters`` [N, R] are its world's (see ``Worlds``), ``late`` [N] the delay of its commands in physics
    steps, ``standing`` [N] whether it is told to stand.
    """
    return torch.cat(
        [
            states.linear_velocity,
            parameters,
            states.foot_force.flatten(1) * 0.005,
            states.leg_contact.float(),
            states.trunk_contact[:, None].float(),
            late[:, None].float(),
            standing[:, None].float(),
        ],
        dim=-1,
    ).clamp(-10.0, 10.0)
