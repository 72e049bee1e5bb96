"""The reward: the weighted terms of ``reward_terms.py``, and what they remember between steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from wmp_training.env.config import EnvConfig
from wmp_training.env.feet import Feet
from wmp_training.env.reward_terms import EVENTS, RATES, RewardInputs, RewardMemory


class Rewards:
    """Computes all terms with a weight, and keeps their state between steps (air times, running means).

    Args:
        config: weights (``rewards``), ``leniency`` and ``overspeed``.
        names: of the terrain kinds.
        terrain: kind of the terrain on which each robot is [N], an index into ``names``; may change in place.
    """

    STATE = ("air", "last_dq", "mean_error", "stance_height")
    MEAN_TIME = 1.0
    CONTACT_FORCE = 1.0

    def __init__(
        self,
        config: EnvConfig,
        names: Sequence[str],
        terrain: Tensor,
        control_period: float,
        default_position: Tensor,
    ) -> None:
        self.config, self.dt, self.default_position = config, control_period, default_position
        self.terrain, device = terrain, default_position.device
        factors: dict[str, list[float]] = {}
        for kind, term, factor in config.leniency:
            if kind in names:
                factors.setdefault(term, [1.0] * len(names))[names.index(kind)] = factor
        self._factors = {term: torch.tensor(values, device=device) for term, values in factors.items()}
        allowance = dict(config.overspeed)
        self._overspeed = torch.tensor([allowance.get(name, 0.0) for name in names], device=device)
        self.air = torch.zeros(len(terrain), 4, device=device)
        self.last_dq = torch.zeros(len(terrain), len(default_position), device=device)
        self.mean_error = torch.zeros(len(terrain), 3, device=device)
        self.stance_height = torch.full((len(terrain), 4), -torch.inf, device=device)
        self.kinematics = Feet(device)

    def reset(self, robots: Tensor) -> None:
        self.air[robots] = self.last_dq[robots] = self.mean_error[robots] = 0.0
        self.stance_height[robots] = -torch.inf

    def __call__(self, inputs: RewardInputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Reward of the step [N], and every weighted term [N]: rates per second, events as given."""
        kept = self._remember(inputs)
        weighted = {name: weight for name, weight in self.config.rewards if weight != 0.0}
        terms = {
            name: weight * (RATES | EVENTS)[name](inputs, kept) * self._factor(name)
            for name, weight in weighted.items()
        }
        zero = torch.zeros_like(inputs.heading)
        rates = sum((value for name, value in terms.items() if name in RATES), zero)
        events = sum((value for name, value in terms.items() if name in EVENTS), zero)
        return (rates * self.dt).clamp(min=0.0) + events, terms

    def _factor(self, name: str) -> Tensor | float:
        factors = self._factors.get(name)
        return 1.0 if factors is None else factors[self.terrain]

    def _remember(self, inputs: RewardInputs) -> RewardMemory:
        """Advance the state by one step."""
        states = inputs.states
        velocity, yaw_rate = states.linear_velocity, states.angular_velocity[:, 2]
        error = torch.cat(
            [velocity[:, :2] - inputs.command[:, :2], (yaw_rate - inputs.command[:, 2])[:, None]], -1
        )
        allowed = self._overspeed[self.terrain]
        error[:, 0] = error[:, 0].clamp(max=0.0) + (error[:, 0] - allowed).clamp(min=0.0)
        self.mean_error = self.mean_error + (error - self.mean_error) * (self.dt / self.MEAN_TIME)
        feet = states.foot_force.norm(dim=-1) > self.CONTACT_FORCE
        air, landed = self.air, feet & (self.air > 0)
        self.air = torch.where(feet, 0.0, self.air + self.dt)
        acceleration = (states.dq - self.last_dq) / self.dt
        self.last_dq = states.dq.clone()
        height, foot_speed = self._feet(inputs)
        lift = height - self.stance_height
        self.stance_height = torch.where(feet, height, self.stance_height)
        default = self.default_position
        return RewardMemory(
            error, self.mean_error, air, landed, feet, lift, foot_speed, acceleration, default, self.dt
        )

    def _feet(self, inputs: RewardInputs) -> tuple[Tensor, Tensor]:
        """Height [N, 4], m, and horizontal speed [N, 4], m/s, of all feet."""
        states, down = inputs.states, inputs.gravity[:, None]
        position, velocity = self.kinematics(states.q, states.dq)
        turning = torch.linalg.cross(states.angular_velocity[:, None].expand_as(position), position)
        velocity = velocity + turning + states.linear_velocity[:, None]
        horizontal = velocity - (velocity * down).sum(-1, keepdim=True) * down
        return states.position[:, 2:] - (position * down).sum(-1), horizontal.norm(dim=-1)
