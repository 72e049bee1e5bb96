"""The depth cameras of all robots: delayed, tilted and noisy images, some lost, some predicted."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from wmp_core.contract import DepthContract
from wmp_training.env.config import EnvConfig
from wmp_training.env.depth_noise import with_noise
from wmp_training.sim.backend import Simulator
from wmp_training.sim.camera import normalise


class PredictedDepth(Protocol):
    """Predicts the images of robots that are not rendered; see ``world_model/depth_predictor.py``."""

    def predict(self, inputs: Tensor) -> Tensor:
        """Predict normalised images [M, H, W] from height map and proprioception [M, I]."""

    def remember(self, inputs: Tensor, images: Tensor) -> None:
        """Learn from inputs [M, I] and rendered images [M, H, W]."""


class Cameras:
    """Cameras of all robots; an image is delivered one world-model interval after it was taken.

    Args:
        count: number of robots.
        depth_predictor: predicts the images of robots that are not rendered.
        device: of the images.
    """

    STATE = ("pitch", "blind", "image")
    #: Golden-ratio sequence: spreads any share evenly over the robots, and so over their terrains.
    GOLDEN = 0.6180339887

    def __init__(
        self,
        depth: DepthContract,
        config: EnvConfig,
        count: int,
        depth_predictor: PredictedDepth | None,
        device: torch.device,
    ) -> None:
        if config.rendered < 1.0 and depth_predictor is None:
            raise ValueError(
                f"rendered is {config.rendered}, expected 1.0 without a depth predictor for the other images"
            )
        self.depth, self.config, self.depth_predictor = depth, config, depth_predictor
        self.rendered = (torch.arange(count, device=device) * self.GOLDEN) % 1.0 < config.rendered
        self.pitch = torch.zeros(count, device=device)
        self.blind = torch.zeros(count, dtype=torch.bool, device=device)
        self.image = torch.zeros(count, depth.height, depth.width, device=device)

    def reset(self, robots: Tensor) -> None:
        """Draw the camera pitch, and whether the camera delivers images at all, for new episodes."""
        draw = torch.rand(len(robots), device=self.pitch.device)
        self.pitch[robots] = self.config.camera_pitch * (draw * 2.0 - 1.0)
        self.blind[robots] = torch.rand_like(draw) < self.config.blind_robots

    def capture(
        self, sim: Simulator, due: Tensor, first: Tensor, inputs: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Take an image of the robots ``due`` [M] and deliver their previous one.

        At the first tick of an episode (``first`` [M]) the new image is delivered. ``inputs`` [N, I] are
        those of the depth predictor.

        Returns:
            Normalised images [M, H, W], and whether each arrived [M].
        """
        lost = torch.rand(len(due), device=due.device) < self.config.lost_images
        if not self.config.camera:
            return self.image[due], ~(lost | self.blind[due])
        fresh = self._new_images(sim, due, inputs)
        delayed = torch.where(first[:, None, None], fresh, self.image[due])
        self.image[due] = fresh
        return delayed, ~(lost | self.blind[due])

    def _new_images(self, sim: Simulator, due: Tensor, inputs: Tensor | None) -> Tensor:
        if self.depth_predictor is None or inputs is None:
            return self._render(sim, due)
        real = self.rendered[due]
        images = torch.empty_like(self.image[due])
        images[real] = self._render(sim, due[real])
        self.depth_predictor.remember(inputs[due[real]], images[real])
        images[~real] = self.depth_predictor.predict(inputs[due[~real]])
        return images

    def _render(self, sim: Simulator, robots: Tensor) -> Tensor:
        metres = sim.depth(robots, self.pitch[robots])
        if self.config.depth_noise is not None:
            metres = with_noise(metres, self.config.depth_noise, self.depth.focal_length)
        return normalise(self.depth, metres)
