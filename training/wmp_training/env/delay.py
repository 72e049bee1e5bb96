"""Commands that take effect late, by whole physics steps; every episode has a delay of its own."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from wmp_training.env.config import EnvConfig


class ActionDelay:
    """Turns the joint targets of a control period into what reaches the motors in each of its physics steps.

    ``late`` [N] is the delay in physics steps; ``targets`` [P, N, J] are those of the last P periods, newest
    first, as many as the longest delay reaches back.

    Args:
        targets: where joints are told to be before the first step [N, J].
        substeps: physics steps of a control period, which lasts ``control_period`` s.
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
            # In single precision a half may be rounded up where it was not above.
            self.late[robots] = late.clamp(max=self.longest)

    def __call__(self, targets: Tensor) -> Tensor:
        """What reaches the motors [N, substeps, J] while they are told ``targets`` [N, J]."""
        told = torch.cat([targets[None], self.targets])
        self.targets = told[:-1]
        # A step that lies d before the present one belongs to the ceil(d / substeps)-th period back.
        before = self.late[:, None] - torch.arange(self.substeps, device=targets.device)
        back = ((before + self.substeps - 1) // self.substeps).clamp(min=0)
        return told[back, torch.arange(len(targets), device=targets.device)[:, None]]

    def state_dict(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in self.STATE}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        # Checkpoints from before delays of several steps hold one period, and whether it is late.
        self.targets = state["targets"].view_as(self.targets)
        self.late = state["late"].long()
