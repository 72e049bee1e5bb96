"""A stereo camera's errors, cheap enough for every image of every robot.

``wmp_sim.depth.noise`` is the reference model; this one has those of its effects that survive at 64 x 64
pixels.

Neighbouring errors are alike, because a stereo camera matches windows. On a real D435i (424 x 240 pixels,
focal length 211) errors of the inverse depth correlate by 0.66 at 8 pixels and 0.25 at 16. At the policy's
focal length of 57.7 these are 2.2 and 4.4 pixels. White noise smoothed by a Gaussian of standard deviation s
correlates by exp(-d^2 / 4 s^2) at a distance d; with s = 1.8 by 0.69 and 0.23.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from wmp_training.env.config import DepthNoise


def with_noise(depth: Tensor, noise: DepthNoise, focal: float) -> Tensor:
    """``depth`` [M, H, W] m with the errors of ``noise``; 0 where nothing is measured.

    ``focal`` is the camera's focal length in pixels.
    """
    step = torch.diff(depth).abs_().gt_(noise.edge)
    # seen + seen^2 * disparity * normal, in place: this runs on every pixel of every image.
    normal = errors(depth, noise.correlation)
    luck = torch.rand_like(depth)
    seen = depth
    if noise.edge_fattening > 0.0:
        # The luckiest edges grow, the least lucky drop out.
        seen = fattened(depth, luck[:, :, 1:] * step > 1.0 - noise.edge_fattening)
    noisy = normal.mul_(seen).mul_(noise.disparity).add_(1.0).mul_(seen)
    luck[:, :, 1:].sub_(step, alpha=noise.edge_dropout)
    noisy.mul_(luck >= noise.dropout)
    return noisy.mul_(~shadowed(depth, step, focal * noise.shadow)) if noise.shadow > 0.0 else noisy


def errors(like: Tensor, correlation: float) -> Tensor:
    """Normal random numbers of variance 1 in the shape of ``like`` [M, H, W], smooth over ``correlation``
    pixels."""
    white = torch.randn_like(like)
    if correlation == 0.0:
        return white
    height, width = like.shape[1:]
    rows, columns = (smoothing(size, correlation, like.device) for size in (height, width))
    return rows @ white @ columns.T


@functools.lru_cache(maxsize=8)
def smoothing(size: int, deviation: float, device: torch.device) -> Tensor:
    """Matrix [size, size] that smooths by a Gaussian and keeps the variance of white noise at 1, borders
    included."""
    at = torch.arange(size, dtype=torch.float32, device=device)
    weights = torch.exp(-((at[:, None] - at) ** 2) / (2.0 * deviation**2))
    weights[weights < 1e-6] = 0.0  # subnormal numbers would make the product 30 times slower
    return weights / weights.norm(dim=1, keepdim=True)


def fattened(depth: Tensor, grows: Tensor) -> Tensor:
    """``depth`` [M, H, W] with near objects a pixel wider where ``grows`` [M, H, W - 1].

    ``grows`` names edges by their left pixel. A matching window beside an edge finds the nearer side.
    """
    image, row, left = grows.nonzero(as_tuple=True)
    nearer = torch.minimum(depth[image, row, left], depth[image, row, left + 1])
    measured = nearer > 0.0
    image, row, left, nearer = (value[measured] for value in (image, row, left, nearer))
    result = depth.clone()
    result[image, row, left] = nearer
    result[image, row, left + 1] = torch.minimum(result[image, row, left + 1], nearer)
    return result


def shadowed(depth: Tensor, edges: Tensor, scale: float) -> Tensor:
    """Pixels [M, H, W] left of near objects, which hide them from the second imager.

    A shadow is as wide as the disparities of both sides differ; a disparity is ``scale`` [pixels x m] over
    depth. ``edges`` [M, H, W - 1] names edges by their left pixel. What is left of the second image's border
    is not regarded: the policy's image is the middle of the first imager's.
    """
    image, row, left = edges.nonzero(as_tuple=True)
    far, near = _disparity(depth[image, row, left], scale), _disparity(depth[image, row, left + 1], scale)
    width = torch.minimum((near - far).floor(), left + 1.0)
    hidden = torch.zeros_like(depth, dtype=torch.bool)
    for k in range(int(width.max()) if len(width) else 0):
        reached = width > k
        hidden[image[reached], row[reached], left[reached] - k] = True
    return hidden


def _disparity(depth: Tensor, scale: float) -> Tensor:
    """In pixels; 0 where nothing is within reach."""
    return torch.where(depth > 0.0, scale / depth, 0.0)
