"""Predicts the depth images of robots that are not rendered, from height map and proprioception.

Where a GPU renders images one by one, rendering dominates the cost. It is then enough to render a share of
the robots: this network learns from their images and predicts those of the others (WMP, arXiv 2409.16784).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wmp_training import checkpoint as ck
from wmp_training.device import CPU, generator, restore
from wmp_training.presets import DepthPredictorConfig
from wmp_training.world_model.decoder import ConvDecoder


class DepthPredictor(nn.Module):
    """Maps height map and proprioception [M, I] to normalised depth [M, H, W]."""

    def __init__(self, inputs: int, image: tuple[int, int], config: DepthPredictorConfig) -> None:
        super().__init__()
        hidden = config.hidden
        self.trunk = nn.Sequential(
            *(nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        )
        self.decoder = ConvDecoder(hidden, image, config.channels)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.decoder(self.trunk(inputs)).squeeze(1)


class DepthPredictorTrainer:
    """The predictor with its optimiser and a ring buffer of rendered images."""

    def __init__(
        self,
        inputs: int,
        image: tuple[int, int],
        config: DepthPredictorConfig,
        seed: int,
        device: torch.device = CPU,
    ) -> None:
        self.config, self.device = config, device
        self.predictor = DepthPredictor(inputs, image, config).to(device)
        self.optimizer = torch.optim.Adam(self.predictor.parameters(), lr=config.learning_rate)
        self.known = torch.zeros(config.memory, inputs, device=device)
        self.images = torch.zeros(config.memory, *image, dtype=torch.float16, device=device)
        self.written = 0
        self.generator = generator(device, seed)

    @torch.no_grad()
    def predict(self, inputs: Tensor) -> Tensor:
        """Predicted images [M, H, W] of robots that were not rendered, within [-0.5, 0.5]."""
        return self.predictor(inputs).clamp(-0.5, 0.5)

    def remember(self, inputs: Tensor, images: Tensor) -> None:
        """Add inputs [M, I] and rendered images [M, H, W]; they replace the oldest ones."""
        slots = (self.written + torch.arange(len(inputs), device=self.device)) % len(self.known)
        self.known[slots], self.images[slots] = inputs, images.to(torch.float16)
        self.written += len(inputs)

    def train(self) -> dict[str, float]:
        """Do one iteration's updates; returns the last loss per pixel, nothing while the buffer is empty."""
        stored, losses = min(self.written, len(self.known)), {}
        for _ in range(self.config.updates if stored else 0):
            chosen = torch.randint(stored, (self.config.batch,), generator=self.generator, device=self.device)
            loss = (self.predictor(self.known[chosen]) - self.images[chosen].float()).square().mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            losses = {"depth_predictor": loss.item()}
        return losses

    def state_dict(self) -> dict[str, Tensor]:
        """Everything the next update depends on."""
        state = {"known": self.known, "images": self.images, "written": torch.tensor(self.written)}
        state |= {"rng": self.generator.get_state()}
        state |= ck.prefixed("predictor", self.predictor.state_dict())
        return state | ck.prefixed("optimizer", ck.optimizer_tensors(self.optimizer))

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.known.copy_(state["known"])
        self.images.copy_(state["images"])
        self.written = int(state["written"])
        restore(self.generator, state["rng"])
        self.predictor.load_state_dict(ck.section("predictor", state))
        optimizer = ck.section("optimizer", state)
        ck.load_optimizer_tensors(self.optimizer, optimizer, self.config.learning_rate)
