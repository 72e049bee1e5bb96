"""Observation encoders: depth image and proprioception become one embedding."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from wmp_training.world_model.layers import Conv2dSamePad, ImgChLayerNorm, dense, init_weights, symlog


class ConvEncoder(nn.Module):
    """Stride-2 convolutions from ``[B, 1, H, W]`` to a flat embedding; every layer halves the image size."""

    def __init__(self, size: tuple[int, int], channels: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip([1, *channels[:-1]], channels, strict=True):
            layers += [
                Conv2dSamePad(inputs, outputs, kernel_size=4, stride=2, bias=False),
                ImgChLayerNorm(outputs),
                nn.SiLU(),
            ]
        self.layers = nn.Sequential(*layers)
        self.output_size = channels[-1] * (size[0] >> len(channels)) * (size[1] >> len(channels))
        self.apply(init_weights)
        # A one-channel image is stored alike in either memory format, so torch goes by the strides of the
        # weights. They must say channels-last: otherwise every later layer copies from one to the other.
        weight = layers[0].weight.data
        layers[0].weight.data = weight.reshape(*weight[:, 0].shape, 1).permute(0, 3, 1, 2)

    def forward(self, depth: Tensor) -> Tensor:
        return self.layers(depth).flatten(1)


class MLPEncoder(nn.Module):
    """Dense blocks on symlog-compressed proprioception."""

    def __init__(self, inputs: int, units: int, layers: int) -> None:
        super().__init__()
        self.layers = dense(inputs, units, layers)
        self.output_size = units
        self.apply(init_weights)

    def forward(self, proprioception: Tensor) -> Tensor:
        return self.layers(symlog(proprioception))


class MultiEncoder(nn.Module):
    """Embedding of an observation: the image part, then the proprioceptive part."""

    def __init__(self, image: ConvEncoder, vector: MLPEncoder) -> None:
        super().__init__()
        self.image, self.vector = image, vector
        self.output_size = image.output_size + vector.output_size

    def forward(self, depth: Tensor, proprioception: Tensor) -> Tensor:
        """Embed normalised ``depth`` [B, 1, H, W] and scaled ``proprioception`` [B, P] as [B, E]."""
        return torch.cat([self.image(depth), self.vector(proprioception)], dim=-1)
