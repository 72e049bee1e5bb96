"""An exponential average of a policy's weights over the last part of a training run.

PPO on many terrains swings between them, and the mean of its weights is better than most of the moments
(docs/lessons.md). Evaluation and export take the average; training goes on with the weights themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from wmp_training.checkpoint import prefixed, section

#: The average never reaches back further than about this share of the run, so that it forgets the beginning.
LONGEST = 0.1


class Average:
    """Averages of ``modules``, by the names that they have in checkpoints.

    Actor and world model are averaged alike: an actor knows the h of its own time only.

    Args:
        half_life: samples after which the weight of a moment has halved; 0 keeps no average.
    """

    def __init__(self, modules: Mapping[str, nn.Module], half_life: float) -> None:
        self.modules, self.half_life = modules, half_life
        self.tensors = self._now() if half_life > 0.0 else {}

    @torch.no_grad()
    def update(self, samples: float, total: float) -> None:
        """Take in the present weights, which ``samples`` new samples of ``total`` in all have led to."""
        if self.half_life <= 0.0:
            return
        share = 1.0 - 0.5 ** (samples / min(self.half_life, LONGEST * total))
        for name, value in self._present():
            average = self.tensors[name]
            if value.is_floating_point():
                average.lerp_(value, share)
            else:
                average.copy_(value)

    def restart(self) -> None:
        """Begin again with the present weights."""
        self.tensors = self._now() if self.half_life > 0.0 else {}

    def state_dict(self) -> dict[str, Tensor]:
        return prefixed("average", self.tensors)

    def load_state_dict(self, tensors: dict[str, Tensor]) -> None:
        """Take over the average in the ``tensors`` of a checkpoint; without one, begin with the weights."""
        self.restart()
        for name, value in section("average", tensors).items():
            if name in self.tensors:
                self.tensors[name].copy_(value)

    def _present(self) -> list[tuple[str, Tensor]]:
        return [(f"{n}.{k}", v) for n, module in self.modules.items() for k, v in module.state_dict().items()]

    def _now(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self._present()}


def averaged(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of the network ``name`` in the ``tensors`` of a checkpoint: the average, if there is one."""
    return section(f"average.{name}", tensors) or section(name, tensors)
