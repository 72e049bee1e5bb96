"""Optimises the world model on sequences of the replay buffer."""

from __future__ import annotations

import torch
from torch import nn

from wmp_training.device import generator
from wmp_training.distributed import ALONE, Ranks
from wmp_training.presets import WorldModelConfig
from wmp_training.world_model.replay import SequenceReplay
from wmp_training.world_model.world_model import HeightMapDecoder, WorldModel


class WorldModelTrainer:
    """Draws batches and takes Adam steps; it has its own random numbers and can run in parallel to PPO."""

    def __init__(
        self,
        model: WorldModel,
        replay: SequenceReplay,
        config: WorldModelConfig,
        seed: int,
        ranks: Ranks = ALONE,
        map_decoder: HeightMapDecoder | None = None,
    ) -> None:
        self.model, self.replay, self.config, self.ranks = model, replay, config, ranks
        self.map_decoder = map_decoder
        self.parameters = [*model.parameters(), *(map_decoder.parameters() if map_decoder else ())]
        self.optimizer = torch.optim.Adam(self.parameters, lr=config.learning_rate)
        self.generator = generator(replay.device, seed)

    def train(self) -> dict[str, float]:
        """Do one iteration's updates; returns the last losses, or nothing while the replay is too small."""
        losses: dict[str, float] = {}
        ready = self.replay.size >= self.config.warmup_steps and self.replay.holds(self.config.length)
        # All ranks must start together, because each waits for the others' gradients.
        if self.ranks.any(not ready):
            return losses
        self.model.rssm.generator = self.generator
        for _ in range(self.config.updates_per_iteration):
            batch = self.replay.sample(self.config.batch, self.config.length, self.generator)
            if batch is None:
                raise RuntimeError("the replay holds no full sequence, expected one after the warm-up")
            loss, losses = self.model.loss(batch, self.map_decoder)
            self.optimizer.zero_grad()
            loss.backward()
            self.ranks.average_gradients(self.parameters)
            nn.utils.clip_grad_norm_(self.parameters, self.config.grad_clip)
            self.optimizer.step()
        return losses
