"""The five ONNX graphs of a bundle; docs/reference/bundle.md specifies their interfaces.

In tensor names, ``deter`` is the deterministic state h, ``stoch`` the stochastic state z as class indices.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import onnx
import torch
from torch import Tensor, nn

from wmp_training.learner import Networks
from wmp_training.policy.actor_critic import WMPActor
from wmp_training.world_model.layers import symexp
from wmp_training.world_model.rssm import RSSM, kl_divergence
from wmp_training.world_model.world_model import WorldModel

OPSET, IR_VERSION = 17, 8


def one_hot(rssm: RSSM, stoch: Tensor) -> Tensor:
    """Class indices [B, S] to one-hot z [B, S, C]."""
    return nn.functional.one_hot(stoch, rssm.classes).to(torch.float32)


class PolicyGraph(nn.Module):
    """history, command, h -> action before the clip, base velocity (m/s)."""

    def __init__(self, actor: WMPActor) -> None:
        super().__init__()
        self.actor = actor

    def forward(self, history: Tensor, command: Tensor, deter: Tensor) -> tuple[Tensor, Tensor]:
        latent, velocity = self.actor.get_latent_vector(history, command, deter)
        return self.actor.mlp(latent), velocity


class AdvanceGraph(nn.Module):
    """h, z, actions -> next h."""

    def __init__(self, rssm: RSSM) -> None:
        super().__init__()
        self.rssm = rssm

    def forward(self, deter: Tensor, stoch: Tensor, actions: Tensor) -> Tensor:
        return self.rssm.advance(deter, one_hot(self.rssm, stoch), actions)


class ObserveGraph(nn.Module):
    """h, proprioception, depth -> most likely z, KL(posterior || prior) in nats."""

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, deter: Tensor, proprioception: Tensor, depth: Tensor) -> tuple[Tensor, Tensor]:
        rssm = self.model.rssm
        logits = rssm.posterior(deter, self.model.encoder(depth, proprioception))
        return logits.argmax(dim=-1), kl_divergence(logits, rssm.prior(deter))


class PriorGraph(nn.Module):
    """h -> most likely z under the prior."""

    def __init__(self, rssm: RSSM) -> None:
        super().__init__()
        self.rssm = rssm

    def forward(self, deter: Tensor) -> Tensor:
        return self.rssm.prior(deter).argmax(dim=-1)


class DecoderGraph(nn.Module):
    """h, z -> depth (normalised), proprioception (scaled)."""

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, deter: Tensor, stoch: Tensor) -> tuple[Tensor, Tensor]:
        depth, proprioception = self.model.decoder(RSSM.get_feat(deter, one_hot(self.model.rssm, stoch)))
        return depth, symexp(proprioception)


@dataclass(frozen=True)
class Graph:
    """A module, its example inputs by name (batch of 1), and the names of its outputs."""

    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]


def graphs(networks: Networks) -> dict[str, Graph]:
    """The graphs of ``networks``, by name."""
    contract, model, sizes = networks.contract, networks.world_model, networks.contract.world_model
    deter, stoch = torch.zeros(1, sizes.deter), torch.zeros(1, sizes.stoch, dtype=torch.long)
    proprioception = torch.zeros(1, contract.proprioception_size)
    history, command = torch.zeros(1, contract.history_size), torch.zeros(1, 3)
    actions = torch.zeros(1, contract.timing.world_model_interval * contract.num_joints)
    depth = torch.zeros(1, 1, contract.depth.height, contract.depth.width)
    observation = {"deter": deter, "proprioception": proprioception, "depth": depth}
    return {
        "policy": Graph(
            PolicyGraph(networks.actor),
            {"history": history, "command": command, "deter": deter},
            ("action", "base_velocity"),
        ),
        "advance": Graph(
            AdvanceGraph(model.rssm), {"deter": deter, "stoch": stoch, "actions": actions}, ("next_deter",)
        ),
        "observe": Graph(ObserveGraph(model), observation, ("stoch", "kl")),
        "prior": Graph(PriorGraph(model.rssm), {"deter": deter}, ("stoch",)),
        "decoder": Graph(DecoderGraph(model), {"deter": deter, "stoch": stoch}, ("depth", "proprioception")),
    }


def to_onnx(graph: Graph) -> bytes:
    """Serialise ``graph``; axis 0 of every tensor is the dynamic axis ``batch``."""
    names = [*graph.inputs, *graph.outputs]
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The tracing exporter writes opset 17, which every deployed ONNX Runtime reads.
        warnings.simplefilter("ignore", DeprecationWarning)
        # The warning is about image sizes becoming constants of the graph, which is intended.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        torch.onnx.export(
            graph.module.eval(),
            tuple(graph.inputs.values()),
            buffer,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes={name: {0: "batch"} for name in names},
        )
    model = onnx.load_from_string(buffer.getvalue())
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model.SerializeToString()


def export_graphs(networks: Networks) -> dict[str, bytes]:
    """All graphs of a bundle, serialised."""
    return {name: to_onnx(graph) for name, graph in graphs(networks).items()}
