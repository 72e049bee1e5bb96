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
    ``is_first`` [B, T] (1 where an episode begins).
    """

    depth: Tensor
    proprioception: Tensor
    actions: Tensor
    is_first: Tensor


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

    def loss(self, batch: Sequences) -> tuple[Tensor, dict[str, float]]:
        """Mean of depth MSE (summed over pixels), proprioception MSE (summed, symlog) and KL terms.

        Returns:
            The loss and its parts for the log; ``depth_rmse`` is per pixel, normalised.
        """
        depth, proprioception = batch.depth.flatten(0, 1).unsqueeze(1), batch.proprioception.flatten(0, 1)
        embed = self.encoder(depth, proprioception).unflatten(0, batch.is_first.shape)
        posterior, prior = self.rssm.observe(embed, batch.actions, batch.is_first)
        kl_loss, kl = self.rssm.kl_loss(posterior.logits, prior)
        feat = self.rssm.get_feat(posterior.deter, posterior.stoch).flatten(0, 1)
        decoded = torch.rand(len(feat), generator=self.rssm.generator) < self.decode_share
        feat, depth, proprioception = feat[decoded], depth[decoded], proprioception[decoded]
        depth_hat, proprioception_hat = self.decoder(feat)
        depth_loss = (depth_hat - depth).square().flatten(1).sum(-1).mean()
        proprioception_loss = (proprioception_hat - symlog(proprioception)).square().sum(-1).mean()
        loss = depth_loss + proprioception_loss + kl_loss
        return loss, {
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
