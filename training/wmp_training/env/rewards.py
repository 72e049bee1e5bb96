"""Reward terms. Each is a rate per second; their sum times the control period is clipped at zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wmp_training.env.config import RewardConfig
from wmp_training.env.leaps import Leap
from wmp_training.sim.backend import RobotStates


@dataclass
class RewardInputs:
    """Inputs of the reward terms, for all N robots.

    Attributes:
        states: after the step.
        gravity: unit gravity in the base frame [N, 3].
        heading: yaw relative to the track [N], rad; 0 on open ground.
        crouch: how much lower than upright the robot walks under open sky [N], m.
        leap: measured on gaps and boxes.
        command: during the step [N, 3].
        standing: whether the command is to stand [N].
        action, last_action, older_action: the last three actions [N, A].
    """

    states: RobotStates
    gravity: Tensor
    heading: Tensor
    crouch: Tensor
    leap: Leap
    command: Tensor
    standing: Tensor
    action: Tensor
    last_action: Tensor
    older_action: Tensor


class Rewards:
    """Computes all terms and keeps their state between steps (air times, running means).

    Args:
        terrains: name of every robot's terrain kind, N of them.
    """

    TOLERANCE = 0.15
    YAW_TOLERANCE = 0.25
    MEAN_TOLERANCE = 0.01
    MEAN_YAW_TOLERANCE = 0.005
    MEAN_TIME = 1.0
    CONTACT_FORCE = 1.0
    AIR_TIME = 0.2
    FAR_OFF = 1.0
    FASTEST_RUN_UP = 1.0
    FASTEST_LEAP = 2.5

    def __init__(
        self, config: RewardConfig, terrains: Sequence[str], control_period: float, default_position: Tensor
    ) -> None:
        self.config, self.dt, self.default_position = config, control_period, default_position
        num_robots, device = len(terrains), default_position.device
        self._factors: dict[str, Tensor] = {}
        for kind, term, factor in config.leniency:
            of_kind = torch.tensor([terrain == kind for terrain in terrains], device=device)
            before = self._factors.get(term, torch.ones(num_robots, device=device))
            self._factors[term] = torch.where(of_kind, factor, before)
        allowance = dict(config.overspeed)
        allowed = [allowance.get(terrain, 0.0) for terrain in terrains]
        self._overspeed = torch.tensor(allowed, device=device)
        self.air = torch.zeros(num_robots, 4, device=device)
        self.last_dq = torch.zeros(num_robots, len(default_position), device=device)
        self.mean_error = torch.zeros(num_robots, 3, device=device)

    def reset(self, robots: Tensor) -> None:
        self.air[robots] = 0.0
        self.last_dq[robots] = 0.0
        self.mean_error[robots] = 0.0

    def __call__(self, inputs: RewardInputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Reward of the step [N], and every weighted term [N] per second."""
        terms = {
            **self._tracking(inputs),
            **self._gait(inputs),
            **self._effort(inputs),
            **self._standing(inputs),
        }
        weighted = {
            name: getattr(self.config, name) * value * self._factors.get(name, 1.0)
            for name, value in terms.items()
        }
        total = torch.stack(list(weighted.values())).sum(0)
        self.last_dq = inputs.states.dq.clone()
        return (total * self.dt).clamp(min=0.0), weighted

    def _tracking(self, inputs: RewardInputs) -> dict[str, Tensor]:
        """Instantaneous errors, and 1 s mean errors, which penalise a small steady drift."""
        velocity, yaw_rate = inputs.states.linear_velocity, inputs.states.angular_velocity[:, 2]
        error = torch.cat(
            [velocity[:, :2] - inputs.command[:, :2], (yaw_rate - inputs.command[:, 2])[:, None]], -1
        )
        # Exceeding the command within the allowance is not an error.
        error[:, 0] = error[:, 0].clamp(max=0.0) + (error[:, 0] - self._overspeed).clamp(min=0.0)
        self.mean_error += (error - self.mean_error) * (self.dt / self.MEAN_TIME)
        squared, mean = error.square(), self.mean_error.square()
        forward = velocity[:, 0].clamp(0.0, self.FASTEST_LEAP)
        beyond = (velocity[:, 0] - inputs.command[:, 0]).clamp(0.0, self.FASTEST_RUN_UP)
        return {
            "track_velocity": torch.exp(-squared[:, :2].sum(-1) / self.TOLERANCE),
            "track_yaw": torch.exp(-squared[:, 2] / self.YAW_TOLERANCE),
            "track_mean_velocity": torch.exp(-mean[:, :2].sum(-1) / self.MEAN_TOLERANCE),
            "track_mean_yaw": torch.exp(-mean[:, 2] / self.MEAN_YAW_TOLERANCE),
            "stuck": self._stuck(velocity[:, 0], yaw_rate, inputs.command).float(),
            "run_up": beyond * inputs.leap.run_up,
            "leap": forward * inputs.leap.flight,
            "vault": forward * inputs.leap.vault,
            "heading": (inputs.heading.abs() > self.FAR_OFF).float(),
        }

    @staticmethod
    def _stuck(speed: Tensor, yaw_rate: Tensor, command: Tensor) -> Tensor:
        """Whether a robot that is commanded to walk or to turn in place does neither [N]."""
        walk, turn = command[:, 0] > 0.15, (command[:, 0] == 0) & (command[:, 2].abs() > 0.2)
        return (walk & (speed.abs() < 0.1)) | (turn & (yaw_rate.abs() < 0.1))

    def _gait(self, inputs: RewardInputs) -> dict[str, Tensor]:
        states = inputs.states
        contact = states.foot_force.norm(dim=-1) > self.CONTACT_FORCE
        landed = contact & (self.air > 0)
        air = ((self.air - self.AIR_TIME).clamp(-0.2, 0.3) * landed).sum(-1) / self.dt
        self.air = torch.where(contact, 0.0, self.air + self.dt)
        collisions = states.leg_contact.sum(-1) + states.trunk_contact.float()
        return {
            "air_time": air * ~inputs.standing,
            "vertical_velocity": states.linear_velocity[:, 2].square(),
            "tilt_rate": states.angular_velocity[:, :2].square().sum(-1),
            "lateral_tilt": inputs.gravity[:, 1].square(),
            "collision": collisions,
        }

    def _effort(self, inputs: RewardInputs) -> dict[str, Tensor]:
        states = inputs.states
        error = (states.q - self.default_position).square()
        rate = inputs.action - inputs.last_action
        return {
            "torque": states.torque.square().sum(-1),
            "joint_acceleration": ((states.dq - self.last_dq) / self.dt).square().sum(-1),
            "action_rate": rate.square().sum(-1),
            "action_jerk": (rate - (inputs.last_action - inputs.older_action)).square().sum(-1),
            "posture": error.sum(-1),
            "hip_posture": error[:, 0::3].sum(-1),
            "crouch": inputs.crouch.square(),
        }

    def _standing(self, inputs: RewardInputs) -> dict[str, Tensor]:
        """Commanded to stand: all feet on the ground, joints still, default pose."""
        states, standing = inputs.states, inputs.standing.float()
        feet = (states.foot_force.norm(dim=-1) > self.CONTACT_FORCE).all(-1).float()
        return {
            "stand_posture": (states.q - self.default_position).abs().mean(-1) * standing,
            "stand_motion": states.dq.square().sum(-1) * standing,
            "stand_feet": feet * standing,
        }
