"""Confidence intervals of the mean of a time series."""

from __future__ import annotations

import numpy as np

RESAMPLES = 1000


def interval(samples: np.ndarray, block: int = 1, level: float = 0.95, seed: int = 0) -> np.ndarray:
    """Mean and confidence bounds over axis 0: ``[3, ...]`` mean, lower, upper.

    Neighbouring samples overlap, so whole blocks of ``block`` samples are drawn (moving-block bootstrap,
    Kuensch 1989). NaN samples are ignored. With fewer than two blocks of samples all draws overlap, so the
    bounds are NaN.

    Args:
        samples: ``[N, ...]``, N at least 1.
    """
    count = len(samples)
    if count < 2 * block:
        return _mean_alone(samples)
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, count - block + 1, (RESAMPLES, -(-count // block)))
    rows = (starts[:, :, None] + np.arange(block)).reshape(RESAMPLES, -1)[:, :count]
    # Number of times each sample is drawn: one matrix product replaces RESAMPLES copies of the samples.
    weights = np.zeros((RESAMPLES, count))
    np.add.at(weights, (np.arange(RESAMPLES)[:, None], rows), 1.0)
    flat = samples.reshape(count, -1)
    known = np.isfinite(flat)
    drawn = weights @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (weights @ np.where(known, flat, 0.0)) / drawn
    tail = 50.0 * (1.0 - level)
    result = _mean_alone(samples).reshape(3, -1)
    some = np.isfinite(means).any(axis=0)
    if some.any():
        result[1:, some] = np.nanpercentile(means[:, some], (tail, 100.0 - tail), axis=0)
    return result.reshape(3, *samples.shape[1:])


def _mean_alone(samples: np.ndarray) -> np.ndarray:
    """Mean over axis 0 without bounds: ``[3, ...]``, the last two NaN."""
    known = np.isfinite(samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = np.where(known, samples, 0.0).sum(axis=0) / known.sum(axis=0)
    return np.stack([centre, np.full_like(centre, np.nan), np.full_like(centre, np.nan)])
