"""A stereo camera's errors, cheap enough for every image of every robot.

``wmp_sim.depth.noise`` is the reference model; this one has the two of its effects that survive at 64 x 64
pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_training.env.config import DepthNoise


def with_noise(depth: Tensor, noise: DepthNoise) -> Tensor:
    """``depth`` [M, H, W] m with the errors of ``noise``; 0 where nothing is measured."""
    # depth + depth^2 * disparity * normal, in place: this runs on every pixel of every image.
    noisy = torch.randn_like(depth).mul_(depth).mul_(noise.disparity).add_(1.0).mul_(depth)
    luck = torch.rand_like(depth)
    step = torch.diff(depth).abs_().gt_(noise.edge)
    luck[:, :, 1:].sub_(step, alpha=noise.edge_dropout)
    return noisy.mul_(luck >= noise.dropout)
