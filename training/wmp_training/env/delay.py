"""Action delay: joint targets take effect late, by whole physics steps that are drawn per episode."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from wmp_training.env.config import EnvConfig


class ActionDelay:
    """Turns the joint targets of a control period into those that the motors get in each physics step.

    ``late`` [N] is the delay in physics steps; ``targets`` [P, N, J] are the targets of the last P periods,
    newest first, as many as the longest delay reaches back.

    Args:
        targets: joint targets before the first step [N, J].
        substeps: physics steps per control period.
        control_period: duration of a control period [s].
    """

    STATE = ("targets", "late")

    def __init__(self, config: EnvConfig, targets: Tensor, substeps: int, control_period: float) -> None:
        self.config, self.substeps, self.dt = config, substeps, control_period / substeps
        self.longest = 1 if config.action_delay is None else round(config.action_delay[1] / self.dt)
        self.targets = targets.repeat(max(math.ceil(self.longest / substeps), 1), 1, 1)
        self.late = torch.zeros(len(targets), dtype=torch.long, device=targets.device)

    def reset(self, robots: Tensor, q: Tensor) -> None:
        """Begin new episodes of ``robots`` [M], whose joints are at ``q`` [M, J]."""
        self.targets[:, robots] = q
        draw = torch.rand(len(robots), device=robots.device)
        if self.config.action_delay is None:
            self.late[robots] = (draw < self.config.latency).long()
        else:
            low, high = self.config.action_delay
            late = ((low + (high - low) * draw) / self.dt).round().long()
            # In single precision, rounding may exceed the longest delay by one step.
            self.late[robots] = late.clamp(max=self.longest)

    def __call__(self, targets: Tensor) -> Tensor:
        """Targets that the motors get [N, substeps, J] in the control period of ``targets`` [N, J]."""
        history = torch.cat([targets[None], self.targets])
        self.targets = history[:-1]
        # The step d steps before the present one belongs to the period ceil(d / substeps) periods back.
        before = self.late[:, None] - torch.arange(self.substeps, device=targets.device)
        back = ((before + self.substeps - 1) // self.substeps).clamp(min=0)
        return history[back, torch.arange(len(targets), device=targets.device)[:, None]]

    def state_dict(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in self.STATE}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        # Older checkpoints have one period [N, J] and booleans: delayed by one step or not.
        self.targets = state["targets"].view_as(self.targets)
        self.late = state["late"].long()
