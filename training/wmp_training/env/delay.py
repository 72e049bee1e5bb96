"""Action delay: joint targets take effect late, by whole physics steps.

A delay is drawn per episode, and may jitter from action to action.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from wmp_training.env.config import EnvConfig


class ActionDelay:
    """Turns the joint targets of a control period into those that the motors get in each physics step.

    ``late`` [N] is the delay of the episode in physics steps. ``targets`` [P, N, J] are the targets of the
    last P periods, newest first, as many as the longest delay reaches back, and ``delays`` [P, N] their own
    delays.

    Args:
        targets: joint targets before the first step [N, J].
        substeps: physics steps per control period.
        control_period: duration of a control period [s].
    """

    STATE = ("targets", "late", "delays")

    def __init__(self, config: EnvConfig, targets: Tensor, substeps: int, control_period: float) -> None:
        self.config, self.substeps, self.dt = config, substeps, control_period / substeps
        low, high = config.action_delay or (0.0, self.dt)
        # With a jitter below half a step there is none.
        self.jitter = 0 if config.action_delay is None else round(config.action_jitter / self.dt)
        self.shortest, self.longest = round(low / self.dt), round(high / self.dt)
        self.targets = targets.repeat(max(math.ceil(self.longest / substeps), 1), 1, 1)
        self.late = torch.zeros(len(targets), dtype=torch.long, device=targets.device)
        self.delays = self.late.repeat(len(self.targets), 1)
        # Age of a period's targets in each of the present period's physics steps [P + 1, 1, S].
        steps = torch.arange(substeps, device=targets.device)
        self.age = (torch.arange(len(self.targets) + 1, device=targets.device)[:, None] * substeps + steps)[
            :, None
        ]

    def reset(self, robots: Tensor, q: Tensor) -> None:
        """Begin new episodes of ``robots`` [M], whose joints are at ``q`` [M, J]."""
        self.targets[:, robots], self.delays[:, robots] = q, 0
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
        delays = torch.cat([self._next_delay()[None], self.delays])
        self.targets, self.delays = history[:-1], delays[:-1]
        # The newest targets that have arrived count; the oldest ones always have.
        arrived = (self.age >= delays[:, :, None]).byte()
        arrived[-1] = 1
        back = arrived.argmax(0)
        return history[back, torch.arange(len(targets), device=targets.device)[:, None]]

    def _next_delay(self) -> Tensor:
        if self.jitter == 0:
            return self.late
        draw = torch.randint_like(self.late, -self.jitter, self.jitter + 1)
        return (self.late + draw).clamp(self.shortest, self.longest)

    def state_dict(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in self.STATE}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        # Older checkpoints have one period [N, J] and booleans: delayed by one step or not.
        self.targets = state["targets"].view_as(self.targets)
        self.late = state["late"].long()
        # Checkpoints from before delays jittered: every action had the delay of its episode.
        self.delays = state.get("delays", self.late.repeat(len(self.targets), 1))
