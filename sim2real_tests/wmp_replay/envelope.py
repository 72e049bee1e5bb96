"""The region of latents of a reference: quantiles per dimension, and a Gaussian in PCA space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

#: Share of the variance that the PCA keeps, and the largest number of its components.
KEPT_VARIANCE, MAX_COMPONENTS = 0.98, 32
#: Quantile of the reference's distances that bounds the envelope; quantiles of each dimension.
BOUND, LOWER, UPPER = 0.99, 0.005, 0.995
#: Smallest number of latents per component for an estimate of the covariance.
SAMPLES_PER_COMPONENT = 5


@dataclass(frozen=True)
class Envelope:
    """``mean [D]``, ``components [C, D]`` (orthonormal, by falling variance), ``deviation [C]``,
    ``lower [D]`` and ``upper [D]`` quantiles; ``bound``, the Mahalanobis distance that 1 % of the reference
    exceeds; ``count``, number of latents it was fitted to."""

    mean: np.ndarray
    components: np.ndarray
    deviation: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    bound: float
    count: int

    @classmethod
    def of(cls, latents: np.ndarray) -> Envelope:
        """Fit to ``latents [N, D]``, N at least 2.

        The bound comes from the half that the Gaussian was not fitted to: in high dimensions the distances of
        fitted points are too small.
        """
        latents = np.asarray(latents, np.float64)
        half = (latents[::2], latents[1::2])
        distances = [_fit(a).distance(b) for a, b in (half, half[::-1])] if len(latents) >= 8 else []
        whole = _fit(latents)
        bound = np.quantile(np.concatenate(distances) if distances else whole.distance(latents), BOUND)
        return replace(whole, bound=float(bound))

    def distance(self, latents: np.ndarray) -> np.ndarray:
        """Mahalanobis distance ``[N]`` of ``latents [N, D]`` in the PCA space."""
        return np.sqrt(np.mean(((latents - self.mean) @ self.components.T / self.deviation) ** 2, axis=-1))

    def outside_dimensions(self, latents: np.ndarray) -> np.ndarray:
        """Share of dimensions outside their quantiles, ``[N]``."""
        return np.mean((latents < self.lower) | (latents > self.upper), axis=-1)

    def plane(self, latents: np.ndarray) -> np.ndarray:
        """Coordinates ``[N, 2]`` along the two largest components, in standard deviations."""
        two = (latents - self.mean) @ self.components[:2].T / self.deviation[:2]
        return np.pad(two, ((0, 0), (0, 2 - two.shape[1])))

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays to store; :meth:`from_arrays` is the inverse."""
        return {f"envelope_{field.name}": np.asarray(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Envelope:
        values: dict[str, Any] = {field.name: arrays[f"envelope_{field.name}"] for field in fields(cls)}
        return cls(**{**values, "bound": float(values["bound"]), "count": int(values["count"])})


def _fit(latents: np.ndarray) -> Envelope:
    mean = latents.mean(axis=0)
    _, singular, rows = np.linalg.svd(latents - mean, full_matrices=False)
    variance = singular**2 / max(len(latents) - 1, 1)
    share = np.cumsum(variance) / max(variance.sum(), 1e-12)
    most = max(1, min(MAX_COMPONENTS, len(latents) // SAMPLES_PER_COMPONENT, len(variance)))
    count = min(int(np.searchsorted(share, KEPT_VARIANCE)) + 1, most)
    deviation = np.maximum(np.sqrt(variance[:count]), 1e-6)
    lower, upper = np.quantile(latents, (LOWER, UPPER), axis=0)
    return Envelope(mean, rows[:count], deviation, lower, upper, np.inf, len(latents))
