"""Velocity commands: standing, turning in place, walking straight, along the track, or any mixture."""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_core.contract import LimitsContract
from wmp_training.env.config import CommandConfig

STAND, TURN, STRAIGHT, HEADING, MIXED = range(5)


class Commands:
    """The command of every robot: ``velocity`` [N, 3] (vx m/s, vy m/s, yaw rate rad/s).

    Robots on a ``track`` [N] mostly follow it: HEADING steers back to +x, STRAIGHT commands a yaw rate of
    zero, as an operator does. MIXED commands go forward and turn on a track; on open ground they also go
    backward and, every second one, sideways. ``limits`` are those of the contract.
    """

    #: A command below both [m/s, rad/s] becomes a command to stand.
    IDLE_SPEED, IDLE_YAW_RATE = 0.1, 0.2

    def __init__(
        self, config: CommandConfig, track: Tensor, control_period: float, limits: LimitsContract
    ) -> None:
        self.config, self.track, self.dt, self.limits = config, track, control_period, limits
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
        is_open, mixed = ~self.track[robots], mode == MIXED
        # Mixed commands include low speeds, which lie between walking and turning in place.
        slowest = torch.where(mixed, torch.where(is_open, config.open_speed[0], 0.0), config.speed[0])
        fastest = torch.where(is_open, config.open_speed[1], config.speed[1])
        vx = slowest + torch.rand(count, device=self.device) * (fastest - slowest)
        vx = vx.clamp(*self.limits.command_vx) * (mode >= STRAIGHT)
        vy = self._uniform(count, config.sideways).clamp(*self.limits.command_vy)
        vy = vy * (mixed & is_open & (torch.rand(count, device=self.device) < 0.5))
        yaw = self._uniform(count, config.yaw_rate) * ((mode == TURN) | mixed)
        # Tiny commands become "stand": otherwise it is ambiguous whether to step in place.
        slow = torch.maximum(vx.abs(), vy.abs()) < self.IDLE_SPEED
        idle = slow & (yaw.abs() < self.IDLE_YAW_RATE) & (mode != HEADING)
        self.mode[robots] = torch.where(idle, STAND, mode)
        self.velocity[robots] = torch.stack([vx, vy, yaw], dim=-1) * ~idle[:, None]
        self.time_left[robots] = torch.empty_like(vx).uniform_(*config.period)

    def step(self, yaw: Tensor) -> None:
        """Advance one control period; ``yaw`` [N] is each robot's heading [rad]."""
        self.time_left -= self.dt
        self.resample(torch.nonzero(self.time_left <= 0).squeeze(-1))
        steer = (-self.config.heading_gain * yaw).clamp(-self.config.yaw_rate, self.config.yaw_rate)
        self.velocity[:, 2] = torch.where(self.mode == HEADING, steer, self.velocity[:, 2])

    def _uniform(self, count: int, limit: float) -> Tensor:
        return torch.empty(count, device=self.device).uniform_(-limit, limit)

    @property
    def standing(self) -> Tensor:
        """Whether each robot is commanded to stand still [N]."""
        return self.mode == STAND
