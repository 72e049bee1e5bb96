"""Privileged observations: known only in simulation, for critics and teachers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from wmp_training.sim.backend import RobotStates, Simulator
from wmp_training.sim.height_map import LINE, POINTS

#: Heights are scaled as in the paper: SCALE times the ground's distance below the nominal base height [m]
#: and SCALE times the ceiling's distance above the base, up to CEILING_RANGE [m].
SCALE, NOMINAL_HEIGHT, CEILING_RANGE = 5.0, 0.3, 0.5
#: Base height of a robot that walks upright [m]; a ceiling within BENT_WITHIN ahead or behind [m] allows a
#: lower one.
UPRIGHT, BENT_WITHIN = 0.29, 0.5
_FIRST, *_, _LAST = np.flatnonzero(np.abs(LINE[:, 0]) < BENT_WITHIN + 1e-6)


def surroundings(simulator: Simulator, robots: Tensor, base_height: Tensor) -> Tensor:
    """Scaled height map and ceiling line [M, 204] around ``robots`` [M] at ``base_height`` [M, 1], m."""
    ground, ceiling = simulator.surroundings(robots)
    below = (base_height - NOMINAL_HEIGHT - ground).clamp(-1.0, 1.0)
    above = (ceiling - base_height).clamp(-CEILING_RANGE, CEILING_RANGE)
    return torch.cat([below, above], -1) * SCALE


def crouch(observed: Tensor) -> Tensor:
    """How much lower than upright robots walk where no bar is near [N], m.

    Penalised because a policy that always crouches passes under every bar without seeing it. ``observed``
    [N, 204] comes from :func:`surroundings`.
    """
    ground, ceiling = observed[:, : len(POINTS)], observed[:, len(POINTS) :]
    height = ground[:, len(POINTS) // 2] / SCALE + NOMINAL_HEIGHT
    is_open = (ceiling[:, _FIRST : _LAST + 1] >= CEILING_RANGE * SCALE).all(-1)
    return (UPRIGHT - height).clamp(min=0.0) * is_open


def privileged(states: RobotStates, parameters: Tensor, late: Tensor, standing: Tensor) -> Tensor:
    """Simulator state and randomised properties of every robot [N, C], scaled to about one.

    Args:
        parameters: randomised properties [N, R], see ``Worlds``.
        late: action delay in physics steps [N].
        standing: whether the robot is commanded to stand [N].
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
