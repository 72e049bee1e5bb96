"""Decoders: depth image and proprioception reconstructed from ``[z, h]``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from wmp_training.world_model.layers import ImgChLayerNorm, dense, init_weights


class ConvDecoder(nn.Module):
    """Mirrors the image encoder: a linear layer, then stride-2 transposed convolutions."""

    def __init__(self, inputs: int, size: tuple[int, int], channels: Sequence[int]) -> None:
        super().__init__()
        height, width = size[0] >> len(channels), size[1] >> len(channels)
        self.linear = nn.Linear(inputs, channels[-1] * height * width)
        self.shape = (channels[-1], height, width)
        widths = [*reversed(channels), 1]
        layers: list[nn.Module] = []
        for inputs_, outputs in pairwise(widths[:-1]):
            layers += [
                nn.ConvTranspose2d(inputs_, outputs, kernel_size=4, stride=2, padding=1, bias=False),
                ImgChLayerNorm(outputs),
                nn.SiLU(),
            ]
        layers.append(nn.ConvTranspose2d(widths[-2], 1, kernel_size=4, stride=2, padding=1))
        self.layers = nn.Sequential(*layers)
        self.apply(init_weights)

    def forward(self, feat: Tensor) -> Tensor:
        """Map ``feat`` [B, F] to normalised depth [B, 1, H, W]."""
        image = self.linear(feat).unflatten(-1, self.shape)
        return self.layers(image.contiguous(memory_format=torch.channels_last))


class MLPDecoder(nn.Module):
    """Dense blocks that output symlog-compressed proprioception."""

    def __init__(self, inputs: int, outputs: int, units: int, layers: int) -> None:
        super().__init__()
        self.layers = dense(inputs, units, layers)
        self.head = nn.Linear(units, outputs)
        self.apply(init_weights)

    def forward(self, feat: Tensor) -> Tensor:
        return self.head(self.layers(feat))


class MultiDecoder(nn.Module):
    """Both decoders on the same feature vector."""

    def __init__(self, image: ConvDecoder, vector: MLPDecoder) -> None:
        super().__init__()
        self.image, self.vector = image, vector

    def forward(self, feat: Tensor) -> tuple[Tensor, Tensor]:
        """Map ``feat`` [B, F] to normalised depth [B, 1, H, W] and symlog proprioception [B, P]."""
        return self.image(feat), self.vector(feat)
