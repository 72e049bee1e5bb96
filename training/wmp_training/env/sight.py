"""What every robot's depth camera delivers: late, tilted, noisy, sometimes nothing, or only imagined."""

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
    """Learns images from rendered robots and draws them for the others; see ``depth_predictor.py``."""

    def predict(self, known: Tensor) -> Tensor:
        """Normalised images [M, H, W] from height map and proprioception [M, I]."""

    def remember(self, known: Tensor, images: Tensor) -> None:
        """What was rendered, to learn from."""


class Sight:
    """Cameras of all robots; an image is handed out one world-model interval after it was taken.

    Args:
        depth_predictor: draws the images of robots that are not rendered.
        device: of the images.
    """

    STATE = ("pitch", "blind", "image")
    #: Step of a sequence that spreads any share evenly over the robots, whatever their terrain.
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
                f"rendered is {config.rendered}, expected 1.0 where nothing draws the other images"
            )
        self.depth, self.config, self.depth_predictor = depth, config, depth_predictor
        self.rendered = (torch.arange(count, device=device) * self.GOLDEN) % 1.0 < config.rendered
        self.pitch = torch.zeros(count, device=device)
        self.blind = torch.zeros(count, dtype=torch.bool, device=device)
        self.image = torch.zeros(count, depth.height, depth.width, device=device)

    def reset(self, robots: Tensor) -> None:
        """Draw the camera's tilt, and whether it delivers anything, for new episodes."""
        draw = torch.rand(len(robots), device=self.pitch.device)
        self.pitch[robots] = self.config.camera_pitch * (draw * 2.0 - 1.0)
        self.blind[robots] = torch.rand_like(draw) < self.config.blind_robots

    def look(self, sim: Simulator, due: Tensor, first: Tensor, known: Tensor | None) -> tuple[Tensor, Tensor]:
        """Take an image of robots ``due`` [M] and hand out their last one (at an episode's first tick: this).

        Returns:
            Normalised images [M, H, W], and whether each arrived [M].
        """
        lost = torch.rand(len(due), device=due.device) < self.config.lost_images
        if not self.config.camera:
            return self.image[due], ~(lost | self.blind[due])
        fresh = self._take(sim, due, known)
        delayed = torch.where(first[:, None, None], fresh, self.image[due])
        self.image[due] = fresh
        return delayed, ~(lost | self.blind[due])

    def _take(self, sim: Simulator, due: Tensor, known: Tensor | None) -> Tensor:
        if self.depth_predictor is None or known is None:
            return self._render(sim, due)
        real = self.rendered[due]
        images = torch.empty_like(self.image[due])
        images[real] = self._render(sim, due[real])
        self.depth_predictor.remember(known[due[real]], images[real])
        images[~real] = self.depth_predictor.predict(known[due[~real]])
        return images

    def _render(self, sim: Simulator, robots: Tensor) -> Tensor:
        metres = sim.depth(robots, self.pitch[robots])
        if self.config.depth_noise is not None:
            metres = with_noise(metres, self.config.depth_noise)
        return normalise(self.depth, metres)
