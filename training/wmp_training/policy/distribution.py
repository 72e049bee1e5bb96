"""The distribution that every policy draws its actions from."""

from __future__ import annotations

from rsl_rl.modules import GaussianDistribution
from torch import Tensor


class ActionDistribution(GaussianDistribution):
    """A Gaussian whose mean has full precision, whatever the network before it computes with.

    Otherwise actions, which are what a rollout is about, would be drawn from a grid of bfloat16.
    """

    def update(self, mlp_output: Tensor) -> None:
        """Take the mean [B, A] from the network's output."""
        super().update(mlp_output.float())

    def deterministic_output(self, mlp_output: Tensor) -> Tensor:
        """The mean [B, A]."""
        return super().deterministic_output(mlp_output.float())
