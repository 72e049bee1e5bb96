"""Velocity commands: standing, turning in place, walking straight, along the track, or in curves."""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_training.env.config import CommandConfig

STAND, TURN, STRAIGHT, HEADING, CURVE = range(5)


class Commands:
    """The command of every robot: ``velocity`` [N, 3] (vx m/s, vy m/s, yaw rate rad/s).

    Robots on a ``track`` [N] mostly follow it: HEADING steers back to +x, STRAIGHT commands a yaw rate of
    zero, as an operator does.
    """

    #: A command below both [m/s, rad/s] becomes a command to stand.
    IDLE_SPEED, IDLE_YAW_RATE = 0.1, 0.2

    def __init__(
        self, config: CommandConfig, track: Tensor, control_period: float, vx: tuple[float, ...]
    ) -> None:
        self.config, self.track, self.dt = config, track, control_period
        self.vx_limit = vx
        count = len(track)
        self.device = device = track.device
        self.velocity = torch.zeros(count, 3, device=device)
        self.mode = torch.zeros(count, dtype=torch.long, device=device)
        self.time_left = torch.zeros(count, device=device)
        self._shares = torch.tensor([config.open_shares, config.track_shares], device=device)

    def resample(self, robots: Tensor) -> None:
        config, count = self.config, len(robots)
        shares = self._shares[self.track[robots].long()]
        mode = torch.multinomial(shares, 1).squeeze(-1) if count else self.mode[robots]
        # Curves include low speeds, which lie between walking and turning in place.
        slowest = torch.where(mode == CURVE, 0.0, config.speed[0])
        vx = slowest + torch.rand(count, device=self.device) * (config.speed[1] - slowest)
        vx = vx.clamp(*self.vx_limit) * (mode >= STRAIGHT)
        yaw = torch.empty(count, device=self.device).uniform_(-config.yaw_rate, config.yaw_rate)
        yaw = torch.where((mode == TURN) | (mode == CURVE), yaw, 0.0)
        # Tiny commands become "stand": otherwise it is ambiguous whether to step in place.
        idle = (vx < self.IDLE_SPEED) & (yaw.abs() < self.IDLE_YAW_RATE) & (mode != HEADING)
        mode = torch.where(idle, STAND, mode)
        vx, yaw = torch.where(idle, 0.0, vx), torch.where(idle, 0.0, yaw)
        self.mode[robots] = mode
        self.velocity[robots] = torch.stack([vx, torch.zeros_like(vx), yaw], dim=-1)
        self.time_left[robots] = torch.empty_like(vx).uniform_(*config.period)

    def step(self, yaw: Tensor) -> None:
        """Advance one control period; ``yaw`` [N] is each robot's heading [rad]."""
        self.time_left -= self.dt
        self.resample(torch.nonzero(self.time_left <= 0).squeeze(-1))
        steer = (-self.config.heading_gain * yaw).clamp(-self.config.yaw_rate, self.config.yaw_rate)
        self.velocity[:, 2] = torch.where(self.mode == HEADING, steer, self.velocity[:, 2])

    @property
    def standing(self) -> Tensor:
        """Whether each robot is commanded to stand still [N]."""
        return self.mode == STAND
