"""Confidence intervals of a mean over samples that follow each other in time."""

from __future__ import annotations

import numpy as np

RESAMPLES = 1000


def interval(samples: np.ndarray, block: int = 1, level: float = 0.95, seed: int = 0) -> np.ndarray:
    """Mean and confidence bounds over axis 0: ``[3, ...]`` mean, lower, upper.

    Neighbouring samples overlap, so whole blocks of ``block`` samples are drawn (moving-block bootstrap,
    Kuensch 1989). NaN samples do not count.

    Args:
        samples: ``[N, ...]``, N at least 1.
    """
    count = len(samples)
    block = max(1, min(block, count))
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, count - block + 1, (RESAMPLES, -(-count // block)))
    rows = (starts[:, :, None] + np.arange(block)).reshape(RESAMPLES, -1)[:, :count]
    # How often each sample was drawn: one product instead of RESAMPLES copies of the samples.
    weights = np.zeros((RESAMPLES, count))
    np.add.at(weights, (np.arange(RESAMPLES)[:, None], rows), 1.0)
    flat = samples.reshape(count, -1)
    known = np.isfinite(flat)
    drawn = weights @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (weights @ np.where(known, flat, 0.0)) / drawn
        centre = np.where(known, flat, 0.0).sum(axis=0) / known.sum(axis=0)
    tail = 50.0 * (1.0 - level)
    bounds = np.full((2, flat.shape[1]), np.nan)
    some = np.isfinite(means).any(axis=0)
    if some.any():
        bounds[:, some] = np.nanpercentile(means[:, some], (tail, 100.0 - tail), axis=0)
    return np.stack([centre, *bounds]).reshape(3, *samples.shape[1:])
