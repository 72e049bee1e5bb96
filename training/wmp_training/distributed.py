"""Data-parallel training: every rank simulates its own robots, gradients are averaged.

Started by ``torchrun``, which sets RANK and WORLD_SIZE; without it there is one rank and nothing is sent.
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
    """This process among ``size`` equal ones."""

    rank: int = 0
    size: int = 1

    @classmethod
    @contextmanager
    def joined(cls, device: torch.device = CPU) -> Iterator[Ranks]:
        """Join the processes that ``torchrun`` started (gloo; tensors on a GPU: nccl), and leave in order: a
        process that ends with its connections open may be aborted while it ends."""
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
        """Give every rank the mean of all ranks' gradients."""
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
        """Start all ranks from the same weights."""
        if self.size > 1:
            for module in modules:
                for tensor in module.state_dict().values():
                    dist.broadcast(tensor, src=0)


ALONE = Ranks()
