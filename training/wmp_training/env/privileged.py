"""What only the simulator knows: for critics and teachers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from wmp_training.sim.backend import RobotStates, Simulator
from wmp_training.sim.height_map import LINE, POINTS

#: Heights are scaled as in the paper: the ground from the nominal height of the base [m] down, ceilings up to
#: this far above it [m]; both times SCALE.
SCALE, NOMINAL_HEIGHT, CEILING_RANGE = 5.0, 0.3, 0.5
#: A robot that walks upright holds its base this high above the ground below it [m], unless something hangs
#: over it or nearer than this ahead or behind [m].
UPRIGHT, BENT_WITHIN = 0.29, 0.5
_FIRST, *_, _LAST = np.flatnonzero(np.abs(LINE[:, 0]) < BENT_WITHIN + 1e-6)


def surroundings(simulator: Simulator, robots: Tensor, base_height: Tensor) -> Tensor:
    """Ground below and ceiling above the bases of ``robots`` [M], scaled as in the paper [M, 204];
    ``base_height`` [M, 1] m."""
    ground, ceiling = simulator.surroundings(robots)
    below = (base_height - NOMINAL_HEIGHT - ground).clamp(-1.0, 1.0)
    above = (ceiling - base_height).clamp(-CEILING_RANGE, CEILING_RANGE)
    return torch.cat([below, above], -1) * SCALE


def crouch(seen: Tensor) -> Tensor:
    """By how much robots walk lower than upright away from bars [N], m; ``seen`` [N, 204] as of
    :func:`surroundings`. A policy that crouches for ever passes under every bar without having seen one."""
    ground, ceiling = seen[:, : len(POINTS)], seen[:, len(POINTS) :]
    height = ground[:, len(POINTS) // 2] / SCALE + NOMINAL_HEIGHT
    is_open = (ceiling[:, _FIRST : _LAST + 1] >= CEILING_RANGE * SCALE).all(-1)
    return (UPRIGHT - height).clamp(min=0.0) * is_open


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
