"""The recurrent cell of the RSSM."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GRUCell(nn.Module):
    """Layer-norm GRU: one linear map of ``[x, h]`` to reset, candidate and update, normalised together.

    ``r = sigmoid(reset)``, ``c = tanh(r * candidate)``, ``u = sigmoid(update - 1)``,
    ``h' = u c + (1 - u) h``. The bias of -1 makes an untrained cell keep most of its state.
    """

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs + units, 3 * units, bias=False)
        self.norm = nn.LayerNorm(3 * units, eps=1e-3)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        """The next ``h`` [B, units] from ``x`` [B, inputs] and ``h`` [B, units]."""
        reset, candidate, update = self.norm(self.linear(torch.cat([x, h], dim=-1))).chunk(3, dim=-1)
        c = torch.tanh(torch.sigmoid(reset) * candidate)
        u = torch.sigmoid(update - 1.0)
        return u * c + (1.0 - u) * h
