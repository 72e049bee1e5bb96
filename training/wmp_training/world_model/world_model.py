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
    """A batch of world-model steps [B, T, ...]; ``actions`` are those of the interval that ends at each step.

    ``depth`` [B, T, H, W] normalised, ``proprioception`` [B, T, P] scaled, ``actions`` [B, T, k*A],
    ``is_first`` [B, T] (1 where an episode begins). ``surroundings`` [B, T, G] scaled height maps, if kept.
    """

    depth: Tensor
    proprioception: Tensor
    actions: Tensor
    is_first: Tensor
    surroundings: Tensor | None = None


class MapReader(nn.Module):
    """Reads the height map around the robot out of h: what h should remember of the ground it walks on.

    A training aid outside of the world model, never deployed: its loss makes h keep what the camera saw and
    the feet will need.
    """

    WEIGHT = 1.0

    def __init__(self, deter: int, size: int, hidden: int = 256) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(deter, hidden), nn.SiLU(), nn.Linear(hidden, size))

    def loss(self, deter: Tensor, surroundings: Tensor) -> Tensor:
        """Squared error of the scaled map [B, T, G], summed over the map."""
        return self.WEIGHT * (self.net(deter) - surroundings).square().sum(-1).mean()


class WorldModel(nn.Module):
    """Encoder ``e``, recurrent model and decoders, sized by ``config`` for ``contract``."""

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

    def loss(self, batch: Sequences, reader: MapReader | None = None) -> tuple[Tensor, dict[str, float]]:
        """Mean of depth MSE (summed over pixels), proprioception MSE (summed, symlog) and KL terms, and the
        loss of ``reader`` if there is one.

        Returns:
            The loss and its parts for the log; ``depth_rmse`` is per pixel, normalised.
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
        if reader is not None:
            map_loss = reader.loss(posterior.deter, batch.surroundings)
            loss, aid = loss + map_loss, {"map": map_loss.item()}
        return loss, aid | {
            "world_model": loss.item(),
            "depth_rmse": (depth_loss.item() / depth[0].numel()) ** 0.5,
            "proprioception": proprioception_loss.item(),
            "kl": kl.item(),
        }

    @torch.no_grad()
    def observe_mode(self, deter: Tensor, proprioception: Tensor, depth: Tensor) -> Tensor:
        """Most likely z [B, S, C] given h, proprioception [B, P] and normalised depth [B, H, W]."""
        embed = self.encoder(depth.unsqueeze(1), proprioception)
        return self.rssm.mode(self.rssm.posterior(deter, embed))
