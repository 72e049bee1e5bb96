"""Layers shared by encoders and decoders, and symlog compression of vector inputs."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def symlog(x: Tensor) -> Tensor:
    """Compress large magnitudes: ``sign(x) ln(1 + |x|)``."""
    return torch.sign(x) * torch.log1p(torch.abs(x))


def symexp(x: Tensor) -> Tensor:
    """Inverse of :func:`symlog`."""
    return torch.sign(x) * (torch.exp(torch.abs(x)) - 1.0)


class Conv2dSamePad(nn.Conv2d):
    """Convolution to ``ceil(input / stride)`` pixels; an odd padding pixel goes to the right and bottom."""

    def forward(self, x: Tensor) -> Tensor:
        (top, bottom), (left, right) = (
            self._split(x.shape[dim], self.kernel_size[dim - 2], self.stride[dim - 2]) for dim in (2, 3)
        )
        if top == bottom and left == right:
            return nn.functional.conv2d(x, self.weight, self.bias, self.stride, padding=(top, left))
        return nn.functional.conv2d(
            nn.functional.pad(x, (left, right, top, bottom)), self.weight, self.bias, self.stride
        )

    @staticmethod
    def _split(size: int, kernel: int, stride: int) -> tuple[int, int]:
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2


class ImgChLayerNorm(nn.LayerNorm):
    """Layer normalisation over the channels of an image ``[B, C, H, W]``, separately at each pixel.

    Copies nothing if the image is stored channels-last, as encoder and decoder keep it.
    """

    def __init__(self, channels: int, eps: float = 1e-3) -> None:
        super().__init__(channels, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class DenseBlock(nn.Sequential):
    """Linear layer without bias, layer norm, SiLU: the building block of every MLP in the world model."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Linear(inputs, outputs, bias=False), nn.LayerNorm(outputs, eps=1e-3), nn.SiLU())


def dense(inputs: int, units: int, layers: int) -> nn.Sequential:
    """A stack of ``layers`` dense blocks with ``units`` each."""
    return nn.Sequential(*(DenseBlock(inputs if i == 0 else units, units) for i in range(layers)))


def init_weights(module: nn.Module) -> None:
    """Initialise with truncated-normal weights scaled by the average fan, as in DreamerV3."""
    if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
        receptive = module.weight[0][0].numel() if module.weight.dim() == 4 else 1
        fan = 0.5 * (module.weight.shape[0] + module.weight.shape[1]) * receptive
        deviation = (1.0 / fan) ** 0.5 / 0.87962566103423978
        nn.init.trunc_normal_(module.weight, std=deviation, a=-2.0 * deviation, b=2.0 * deviation)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
