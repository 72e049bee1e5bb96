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
    seen = fattened(depth, step > 0, noise.edge_fattening) if noise.edge_fattening > 0.0 else depth
    # seen + seen^2 * disparity * normal, in place: this runs on every pixel of every image.
    noisy = errors(depth, noise.correlation).mul_(seen).mul_(noise.disparity).add_(1.0).mul_(seen)
    luck = torch.rand_like(depth)
    luck[:, :, 1:].sub_(step, alpha=noise.edge_dropout)
    noisy.mul_(luck >= noise.dropout)
    return noisy.mul_(~shadowed(seen, focal * noise.shadow)) if noise.shadow > 0.0 else noisy


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
    return weights / weights.norm(dim=1, keepdim=True)


def fattened(depth: Tensor, step: Tensor, probability: float) -> Tensor:
    """``depth`` [M, H, W] with near objects a pixel wider, with ``probability`` per pixel beside an edge.

    ``step`` [M, H, W - 1] says where edges are between neighbours. Matching windows beside an edge find the
    nearer side, which has more texture in common.
    """
    grows = step & (torch.rand_like(depth[:, :, 1:]) < probability)
    nearer = torch.minimum(depth[:, :, 1:], depth[:, :, :-1])
    # No measurement (0) is not near.
    grows &= nearer > 0.0
    result = depth.clone()
    result[:, :, 1:] = torch.where(grows, nearer, result[:, :, 1:])
    result[:, :, :-1] = torch.where(grows, torch.minimum(nearer, result[:, :, :-1]), result[:, :, :-1])
    return result


def shadowed(depth: Tensor, scale: float) -> Tensor:
    """Pixels [M, H, W] that the second imager cannot see behind something nearer on their right.

    A pixel in column c appears in column c - ``scale`` / depth of the second image (``scale`` in pixels x m).
    The image is a part of the first imager's, so what is left of the second image's border is ignored.
    """
    seen = depth > 0.0
    columns = torch.arange(depth.shape[2], device=depth.device)
    second = columns - seen * (scale / torch.where(seen, depth, 1.0))
    nearest_on_the_right = second.flip(-1).cummin(-1).values.flip(-1)
    hidden = torch.zeros_like(seen)
    hidden[:, :, :-1] = second[:, :, :-1] >= nearest_on_the_right[:, :, 1:]
    return hidden
