"""What a stereo camera makes of depth images, cheap enough for every robot's every image.

``wmp_sim.depth.noise`` is the model to believe; this one has its two effects that reach a 64 x 64 image.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class DepthNoise:
    """Errors of planar depth.

    ``disparity`` in 1/m is the standard deviation of the inverse depth (0.05 pixels at a focal length of
    211 pixels and a baseline of 0.05 m); ``dropout`` the share of pixels without a measurement; a pixel
    with a step of more than ``edge`` m to its left drops out with ``edge_dropout``.
    """

    disparity: float = 0.005
    dropout: float = 0.005
    edge: float = 0.1
    edge_dropout: float = 0.3

    def __post_init__(self) -> None:
        for key, value in vars(self).items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"depth noise: {key} is {value}, expected a number in [0, 1]")

    def __call__(self, depth: Tensor) -> Tensor:
        """``depth`` [M, H, W] in m with errors; 0 where nothing is measured."""
        # depth + depth^2 * disparity * normal; in place, for it is done to every pixel of every image.
        noisy = torch.randn_like(depth).mul_(depth).mul_(self.disparity).add_(1.0).mul_(depth)
        luck = torch.rand_like(depth)
        step = torch.diff(depth).abs_().gt_(self.edge)
        luck[:, :, 1:].sub_(step, alpha=self.edge_dropout)
        return noisy.mul_(luck >= self.dropout)
