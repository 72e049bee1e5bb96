"""Observation terms of many robots at once, with the same values as the runtime's for one robot."""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_core.observation import scale_vector, term_slices
from wmp_training.device import CPU
from wmp_training.sim.backend import RobotStates


def projected_gravity(quat: Tensor) -> Tensor:
    """Unit gravity in the base frame [N, 3] for orientations ``quat`` [N, 4]; (0, 0, -1) when level."""
    w, x, y, z = quat.unbind(-1)
    return torch.stack([2 * (w * y - x * z), -2 * (y * z + w * x), 2 * (x * x + y * y) - 1], dim=-1)


class Observations:
    """Batched proprioception and history of one contract."""

    def __init__(self, contract: Contract, num_robots: int, device: torch.device = CPU) -> None:
        observation, joints = contract.observation, contract.num_joints
        self.clip = observation.clip
        self.slices = term_slices(observation.proprioception, joints)
        self.scale = torch.from_numpy(scale_vector(observation.proprioception, joints)).to(device)
        self.default_position = torch.tensor(contract.joints.default_position, device=device)
        history_slices = term_slices(observation.history_terms, joints)
        action = history_slices.pop("last_action")
        scale = scale_vector(observation.history_terms, joints)[action]
        self._action_scale = torch.from_numpy(scale).to(device)
        self._action_slice = action
        self._history_parts = [(self.slices[name], part) for name, part in history_slices.items()]
        shape = num_robots, observation.history_steps, contract.history_step_size
        self.history = torch.zeros(shape, device=device)

    def raw(self, states: RobotStates, command: Tensor) -> dict[str, Tensor]:
        """Unscaled terms by name; ``command`` [N, 3] is (vx m/s, vy m/s, yaw rate rad/s)."""
        return {
            "base_angular_velocity": states.angular_velocity,
            "projected_gravity": projected_gravity(states.quat),
            "command": command,
            "joint_position_error": states.q - self.default_position,
            "joint_velocity": states.dq,
        }

    def proprioception(self, raw: dict[str, Tensor]) -> Tensor:
        """Scaled and clipped [N, P]."""
        values = torch.cat([raw[name] for name in self.slices], dim=-1) * self.scale
        return values.clamp(-self.clip, self.clip)

    def push(self, proprioception: Tensor, last_action: Tensor) -> Tensor:
        """Append one step to every history; returns the flat histories [N, steps * size], newest last."""
        step = torch.empty_like(self.history[:, 0])
        for source, target in self._history_parts:
            step[:, target] = proprioception[:, source]
        step[:, self._action_slice] = last_action * self._action_scale
        self.history = torch.cat([self.history[:, 1:], step.unsqueeze(1)], dim=1)
        return self.history.flatten(1)

    def reset(self, robots: Tensor) -> None:
        """Clear the history of ``robots``; histories that were returned before keep their values."""
        self.history = self.history.index_fill(0, robots, 0.0)

    def scaled_command(self, command: Tensor) -> Tensor:
        """The policy's command input: scaled as in proprioception."""
        return command * self.scale[self.slices["command"]]
