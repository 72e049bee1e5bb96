"""Feet of many robots from their joints: positions and velocities in the base frame."""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_training.motions.leg import a1_legs


class Feet:
    """Kinematics of all legs, as in ``motions/leg.py``, with velocities."""

    def __init__(self, device: torch.device) -> None:
        legs = a1_legs()
        self.hip = torch.tensor([leg.hip for leg in legs], device=device)
        self.offset = torch.tensor([leg.side * leg.offset for leg in legs], device=device)
        self.thigh, self.calf = legs[0].thigh, legs[0].calf

    def __call__(self, q: Tensor, dq: Tensor) -> tuple[Tensor, Tensor]:
        """Positions [N, 4, 3], m, and velocities relative to the base [N, 4, 3], m/s.

        ``q`` and ``dq`` [N, J] are joint positions [rad] and velocities [rad/s].
        """
        hip, thigh, calf = q.unflatten(-1, (4, 3)).unbind(-1)
        hip_rate, thigh_rate, calf_rate = dq.unflatten(-1, (4, 3)).unbind(-1)
        knee = thigh + calf
        x = -self.thigh * thigh.sin() - self.calf * knee.sin()
        down = self.thigh * thigh.cos() + self.calf * knee.cos()
        y = self.offset * hip.cos() + down * hip.sin()
        z = self.offset * hip.sin() - down * hip.cos()
        down_rate = x * thigh_rate - self.calf * knee.sin() * calf_rate
        velocity = torch.stack(
            [
                -down * thigh_rate - self.calf * knee.cos() * calf_rate,
                -z * hip_rate + down_rate * hip.sin(),
                y * hip_rate - down_rate * hip.cos(),
            ],
            -1,
        )
        return torch.stack([x, y, z], -1) + self.hip, velocity
