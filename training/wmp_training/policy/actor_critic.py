"""Actor and critic: joint actions and values from proprioceptive history and the world model's h."""

from __future__ import annotations

import torch
from rsl_rl.models import MLPModel
from rsl_rl.modules import MLP, GaussianDistribution
from tensordict import TensorDict
from torch import Tensor
from torch.nn.functional import linear

from wmp_training.presets import PolicyConfig


def latent_encoder(obs: TensorDict, config: PolicyConfig) -> MLP:
    """Encoder of h, [B, H] to [B, 32]; actor and critic have one each."""
    return MLP(obs["deter"].shape[-1], config.latent_size, config.layers(config.latent_hidden))


class WMPActor(MLPModel):
    """Policy: maps history latent 32, velocity estimate 3, command 3 and latent of h 32 to the action mean.

    The last three outputs of the history encoder estimate the base velocity (m/s, base frame) and are trained
    on the true one. The deterministic state h (``deter``) is a constant input: no gradient reaches the world
    model. Observation groups: ``history``, ``command``, ``deter``.
    """

    GROUPS = ("history", "command", "deter")

    def __init__(self, obs: TensorDict, num_actions: int, config: PolicyConfig) -> None:
        self._latent_dim = config.history_latent + 3 + obs["command"].shape[-1] + config.latent_size
        distribution = {"class_name": GaussianDistribution, "init_std": config.init_std}
        super().__init__(
            obs,
            {"actor": list(self.GROUPS)},
            "actor",
            num_actions,
            hidden_dims=config.layers(config.actor_hidden),
            distribution_cfg=distribution,
        )
        self.history_encoder = MLP(
            obs["history"].shape[-1], config.history_latent + 3, config.layers(config.history_hidden)
        )
        self.latent_encoder = latent_encoder(obs, config)
        with torch.no_grad():
            self.mlp[-1].weight *= 0.1

    def encode_history(self, history: Tensor) -> tuple[Tensor, Tensor]:
        """Latent [B, 32] and estimate of the base velocity [B, 3] m/s."""
        code = self.history_encoder(history)
        return code[:, :-3], code[:, -3:]

    def get_latent_vector(self, history: Tensor, command: Tensor, deter: Tensor) -> tuple[Tensor, Tensor]:
        """Input of the actor's MLP, and the velocity estimate."""
        code, velocity = self.encode_history(history)
        return torch.cat([code, velocity, command, self.latent_encoder(deter)], dim=-1), velocity

    def get_latent(
        self, obs: TensorDict, masks: Tensor | None = None, hidden_state: Tensor | None = None
    ) -> Tensor:
        latent, self.velocity_estimate = self.get_latent_vector(obs["history"], obs["command"], obs["deter"])
        return latent

    def _get_latent_dim(self) -> int:
        return self._latent_dim


class WMPCritic(MLPModel):
    """Value of a state from privileged observations and its own encoding of h.

    Observation groups: ``GROUPS``, ``deter``, and ``surroundings`` where they are observed.
    """

    GROUPS = ("proprioception", "last_action", "privileged")

    def __init__(self, obs: TensorDict, config: PolicyConfig) -> None:
        observed = [*self.GROUPS, *(["surroundings"] if "surroundings" in obs else [])]
        self._latent_dim = sum(obs[group].shape[-1] for group in observed) + config.latent_size
        super().__init__(
            obs,
            {"critic": [*observed, "deter"]},
            "critic",
            1,
            hidden_dims=config.layers(config.critic_hidden),
        )
        self.latent_encoder = latent_encoder(obs, config)

    def forward(
        self,
        obs: TensorDict,
        masks: Tensor | None = None,
        hidden_state: Tensor | None = None,
        stochastic_output: bool = False,
    ) -> Tensor:
        """Values [B, 1]."""
        observed = torch.cat([obs[group] for group in self.obs_groups if group != "deter"], dim=-1)
        latent = self.latent_encoder(obs["deter"])
        first, *others = self.mlp
        # The first layer in two parts, so that no gradient is computed for the observations, which need none.
        of_observed, of_latent = first.weight.split([observed.shape[-1], latent.shape[-1]], dim=-1)
        value = linear(observed, of_observed, first.bias) + linear(latent, of_latent)
        for layer in others:
            value = layer(value)
        return value

    def _get_latent_dim(self) -> int:
        return self._latent_dim
