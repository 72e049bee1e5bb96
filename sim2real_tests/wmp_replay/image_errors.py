"""Errors of predicted depth images: depth [m], depth along edges [m], structural similarity."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

#: Step in depth between neighbours that makes an edge [m], and half the width of the band around it [px].
EDGE_JUMP, EDGE_BAND = 0.1, 2
#: Smallest number of near pixels for an estimate of noise.
MIN_PIXELS = 100
#: SSIM of Wang et al. 2004: Gaussian window of 11 px with sigma 1.5, K1 = 0.01, K2 = 0.03.
WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03


class ImageErrors(NamedTuple):
    """Per image ``[N]``: mean absolute error over pixels nearer than ``far`` [m], the same in the band along
    edges [m], and SSIM (1: equal). NaN if there is no such pixel, or no truth."""

    masked: np.ndarray
    edge: np.ndarray
    ssim: np.ndarray


def image_errors(
    predicted: np.ndarray, truth: np.ndarray, far: float, bands: np.ndarray | None = None
) -> ImageErrors:
    """Errors of ``predicted`` against ``truth``, both ``[N, H, W]`` m; a truth that was not recorded is NaN.
    ``bands``: :func:`edge_bands` of the truth, to save computing them again."""
    difference = np.abs(predicted - truth)
    known = np.isfinite(truth).all(axis=(1, 2))
    there = truth < far - 1e-3
    bands = edge_bands(truth) if bands is None else bands
    similar = [ssim(a, b, far) if ok else np.nan for a, b, ok in zip(predicted, truth, known, strict=True)]
    return ImageErrors(_mean(difference, there), _mean(difference, bands), np.array(similar))


def edge_bands(depth: np.ndarray) -> np.ndarray:
    """:func:`edge_band` of each of ``depth [N, H, W]``."""
    return np.array([edge_band(image) for image in depth], bool).reshape(depth.shape)


def edge_band(depth: np.ndarray) -> np.ndarray:
    """Pixels within :data:`EDGE_BAND` of a step in ``depth [H, W]``."""
    edge = np.zeros(depth.shape, np.uint8)
    down = np.abs(np.diff(depth, axis=0)) > EDGE_JUMP
    right = np.abs(np.diff(depth, axis=1)) > EDGE_JUMP
    edge[:-1] |= down
    edge[1:] |= down
    edge[:, :-1] |= right
    edge[:, 1:] |= right
    side = 2 * EDGE_BAND - 1  # `edge` already holds one pixel on each side
    return cv2.dilate(edge, np.ones((side, side), np.uint8)).astype(bool)


def roughness(depth: np.ndarray, far: float) -> float:
    """Noise of a depth image ``[H, W]``: median absolute second difference along rows [m].

    Surfaces bend little from pixel to pixel, so the second difference is noise. Edges and pixels beyond
    ``far`` are left out; NaN with fewer than :data:`MIN_PIXELS` left.
    """
    bend = np.abs(depth[:, 2:] - 2 * depth[:, 1:-1] + depth[:, :-2])
    use = ~edge_band(depth)[:, 1:-1] & (depth[:, 1:-1] < far - 1e-3)
    return float(np.median(bend[use])) if use.sum() >= MIN_PIXELS else np.nan


def ssim(first: np.ndarray, second: np.ndarray, value_range: float) -> float:
    """Structural similarity of images ``[H, W]`` with values in 0..``value_range``, mean over pixels."""
    first, second = first.astype(np.float32), second.astype(np.float32)
    c1, c2 = (K1 * value_range) ** 2, (K2 * value_range) ** 2
    mean_1, mean_2 = _blur(first), _blur(second)
    variance_1 = _blur(first * first) - mean_1**2
    variance_2 = _blur(second * second) - mean_2**2
    covariance = _blur(first * second) - mean_1 * mean_2
    luminance = (2 * mean_1 * mean_2 + c1) / (mean_1**2 + mean_2**2 + c1)
    return float(np.mean(luminance * (2 * covariance + c2) / (variance_1 + variance_2 + c2)))


def _blur(image: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(image, (WINDOW, WINDOW), SIGMA, borderType=cv2.BORDER_REFLECT)


def _mean(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean of ``values [N, H, W]`` over the ``mask`` of each image; NaN if it is empty."""
    count = mask.sum(axis=(1, 2))
    total = np.where(mask, values, 0.0).sum(axis=(1, 2))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
