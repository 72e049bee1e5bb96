"""Data-parallel training: every rank simulates its own robots, and gradients are averaged.

``torchrun`` starts the ranks and sets RANK and WORLD_SIZE; without it there is one rank.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from wmp_training.device import CPU


@dataclass(frozen=True)
class Ranks:
    """This process is number ``rank`` of ``size``."""

    rank: int = 0
    size: int = 1

    @classmethod
    @contextmanager
    def joined(cls, device: torch.device = CPU) -> Iterator[Ranks]:
        """Join the processes started by ``torchrun`` (gloo; nccl for tensors on a GPU), and leave at the end.

        A process that exits with open connections may be aborted.
        """
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            yield ALONE
            return
        dist.init_process_group("gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl")
        try:
            yield cls(int(os.environ["RANK"]), size)
        finally:
            dist.destroy_process_group()

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace the gradients on every rank by the mean over all ranks."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        for gradient, mean in zip(
            gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True
        ):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, values: Tensor) -> Tensor:
        """Mean of ``values`` over all ranks."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.size
        return values

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` is set on any rank."""
        return bool(self.mean(torch.tensor([float(flag)])) > 0)

    def copy_from_first(self, modules: Iterable[nn.Module]) -> None:
        """Copy the weights of rank 0 to all ranks."""
        if self.size > 1:
            for module in modules:
                for tensor in module.state_dict().values():
                    dist.broadcast(tensor, src=0)


ALONE = Ranks()
