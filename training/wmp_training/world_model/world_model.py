"""The world model: encoder, RSSM and decoders with their joint loss (WMP, arXiv 2409.16784)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wmp_core.contract import Contract
from wmp_training.presets import WorldModelConfig
from wmp_training.world_model.decoder import ConvDecoder, MLPDecoder, MultiDecoder
from wmp_training.world_model.encoder import ConvEncoder, MLPEncoder, MultiEncoder
from wmp_training.world_model.layers import symlog
from wmp_training.world_model.rssm import RSSM


@dataclass
class Sequences:
    """A batch of world-model steps.

    Attributes:
        depth: normalised [B, T, H, W].
        proprioception: scaled [B, T, P].
        actions: of the interval that ends at each step [B, T, k*A].
        is_first: 1 where an episode begins [B, T].
        surroundings: scaled height maps [B, T, G], if they are observed.
    """

    depth: Tensor
    proprioception: Tensor
    actions: Tensor
    is_first: Tensor
    surroundings: Tensor | None = None


class HeightMapDecoder(nn.Module):
    """Decodes the height map around the robot from h.

    An auxiliary loss of training, not part of the deployed world model: it makes h keep the ground that the
    camera saw until the feet get there. Its weights are stored in checkpoints as ``map_reader``.
    """

    WEIGHT = 1.0

    def __init__(self, deter: int, size: int, hidden: int = 256) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(deter, hidden), nn.SiLU(), nn.Linear(hidden, size))

    def loss(self, deter: Tensor, surroundings: Tensor) -> Tensor:
        """Squared error of the scaled map [B, T, G], summed over the map and averaged over steps."""
        return self.WEIGHT * (self.net(deter) - surroundings).square().sum(-1).mean()


class WorldModel(nn.Module):
    """Encoder, recurrent model and decoders, sized by ``config`` for ``contract``."""

    def __init__(self, contract: Contract, config: WorldModelConfig) -> None:
        super().__init__()
        self.decode_share = config.decode_share
        size = (contract.depth.height, contract.depth.width)
        self.encoder = MultiEncoder(
            ConvEncoder(size, config.channels),
            MLPEncoder(contract.proprioception_size, config.mlp_units, config.mlp_layers),
        )
        self.rssm = RSSM(
            deter=config.deter,
            stoch=config.stoch,
            classes=config.classes,
            hidden=config.hidden,
            actions=contract.timing.world_model_interval * contract.num_joints,
            embed=self.encoder.output_size,
        )
        feat = config.deter + config.stoch * config.classes
        self.decoder = MultiDecoder(
            ConvDecoder(feat, size, config.channels),
            MLPDecoder(feat, contract.proprioception_size, config.mlp_units, config.mlp_layers),
        )

    def loss(
        self, batch: Sequences, map_decoder: HeightMapDecoder | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """Squared errors of depth (summed over pixels) and symlog proprioception (summed), KL terms, and the
        loss of ``map_decoder`` if there is one; all averaged over steps.

        Returns:
            The loss and its parts for the log; ``depth_rmse`` is per pixel, in normalised depth.
        """
        depth, proprioception = batch.depth.flatten(0, 1).unsqueeze(1), batch.proprioception.flatten(0, 1)
        embed = self.encoder(depth, proprioception).unflatten(0, batch.is_first.shape)
        posterior, prior = self.rssm.observe(embed, batch.actions, batch.is_first)
        kl_loss, kl = self.rssm.kl_loss(posterior.logits, prior)
        feat = self.rssm.get_feat(posterior.deter, posterior.stoch).flatten(0, 1)
        draw = torch.rand(len(feat), generator=self.rssm.generator, device=feat.device)
        decoded = draw < self.decode_share
        feat, depth, proprioception = feat[decoded], depth[decoded], proprioception[decoded]
        depth_hat, proprioception_hat = self.decoder(feat)
        depth_loss = (depth_hat - depth).square().flatten(1).sum(-1).mean()
        proprioception_loss = (proprioception_hat - symlog(proprioception)).square().sum(-1).mean()
        loss = depth_loss + proprioception_loss + kl_loss
        aid = {}
        if map_decoder is not None:
            map_loss = map_decoder.loss(posterior.deter, batch.surroundings)
            loss, aid = loss + map_loss, {"map": map_loss.item()}
        return loss, aid | {
            "world_model": loss.item(),
            "depth_rmse": (depth_loss.item() / depth[0].numel()) ** 0.5,
            "proprioception": proprioception_loss.item(),
            "kl": kl.item(),
        }

    @torch.no_grad()
    def observe_mode(self, deter: Tensor, proprioception: Tensor, depth: Tensor) -> Tensor:
        """Mode of z [B, S, C] given h, proprioception [B, P] and normalised depth [B, H, W]."""
        embed = self.encoder(depth.unsqueeze(1), proprioception)
        return self.rssm.mode(self.rssm.posterior(deter, embed))
