"""What a D435i makes of a perfect depth image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class StereoNoise:
    """Errors of an active stereo camera.

    Attributes:
        baseline: distance of the two imagers [m].
        disparity_noise: standard deviation of the matched disparity [pixels].
        disparity_step: resolution of the matcher [pixels]; depth steps grow with the square of distance.
        minimum_distance: nearer surfaces are invalid [m].
        edge_jump: a relative step in depth to a neighbouring pixel above which the match may fail.
        edge_dropout: probability of that failure.
    """

    baseline: float = 0.05
    disparity_noise: float = 0.05
    disparity_step: float = 1 / 32
    minimum_distance: float = 0.11
    edge_jump: float = 0.05
    edge_dropout: float = 0.5

    def __post_init__(self) -> None:
        for key, value in vars(self).items():
            if not value >= 0:
                raise ValueError(f"stereo noise: {key} is {value}, expected a number of at least 0")
        if self.edge_dropout > 1:
            raise ValueError(f"stereo noise: edge_dropout is {self.edge_dropout}, expected at most 1")

    def apply(self, depth: np.ndarray, focal: float, rng: np.random.Generator) -> np.ndarray:
        """What the camera makes of ``depth`` ``[height, width]`` m; ``focal`` in pixels, 0 is invalid."""
        scale = focal * self.baseline
        valid = depth > 0
        disparity = np.where(valid, scale / np.where(valid, depth, 1.0), 0.0)
        valid &= depth >= self.minimum_distance
        valid &= ~shadowed(disparity)
        valid &= ~(edges(depth, self.edge_jump) & (rng.random(depth.shape) < self.edge_dropout))
        disparity += rng.normal(0.0, self.disparity_noise, depth.shape)
        if self.disparity_step > 0:
            disparity = np.round(disparity / self.disparity_step) * self.disparity_step
        valid &= disparity > 0
        return np.where(valid, scale / np.where(valid, disparity, 1.0), 0.0).astype(np.float32)


def shadowed(disparity: np.ndarray) -> np.ndarray:
    """Pixels that the right imager cannot see: outside of its image, or hidden behind something nearer.

    The image is the left imager's, so a pixel in column c appears in column c - disparity of the other.
    Hidden ones lie along the left edge of near objects.
    """
    column_on_the_right = np.arange(disparity.shape[1]) - disparity
    nearest_further_right = np.minimum.accumulate(column_on_the_right[:, ::-1], axis=1)[:, ::-1]
    hidden = np.zeros(disparity.shape, dtype=bool)
    hidden[:, :-1] = column_on_the_right[:, :-1] >= nearest_further_right[:, 1:]
    return hidden | (column_on_the_right < 0)


def edges(depth: np.ndarray, relative_jump: float) -> np.ndarray:
    """Pixels beside a step in depth of more than ``relative_jump`` of the nearer side."""
    result = np.zeros(depth.shape, dtype=bool)
    for near, far in (
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        jump = np.abs(depth[near] - depth[far]) > relative_jump * np.minimum(depth[near], depth[far])
        result[near] |= jump
        result[far] |= jump
    return result
