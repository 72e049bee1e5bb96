"""Recurrent state-space model with categorical latents (Hafner et al., DreamerV3; WMP, arXiv 2409.16784).

    h_n = GRU(h_{n-k}, z_{n-k}, a_{n-k..n-1})      deterministic, needs no image
    z_n ~ q(z | h_n, e(depth_n, proprioception_n)) posterior
    z_n ~ p(z | h_n)                               prior

On the robot these are separate graphs: ``advance`` (h), then ``posterior`` or ``prior`` (z). In tensors and
bundles the deterministic state h is called ``deter`` and the stochastic state z ``stoch``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wmp_training.world_model.gru import GRUCell
from wmp_training.world_model.layers import DenseBlock, init_weights


@dataclass
class RSSMState:
    """Deterministic state h (``deter``) [..., D], stochastic state z (``stoch``, one-hot) [..., S, C] and the
    ``logits`` [..., S, C] of its distribution."""

    deter: Tensor
    stoch: Tensor
    logits: Tensor

    @staticmethod
    def stack(states: list[RSSMState], dim: int = 1) -> RSSMState:
        fields = (
            torch.stack([getattr(s, name) for s in states], dim) for name in ("deter", "stoch", "logits")
        )
        return RSSMState(*fields)


class RSSM(nn.Module):
    """The recurrent model without encoder and decoders.

    Args:
        deter: size of h.
        stoch, classes: number of categorical variables of z, and classes of each.
        hidden: hidden units.
        actions: size of the action input, all k actions of one interval.
        embed: size of the observation embedding.
        unimix: share of a uniform distribution mixed into every categorical; no class gets probability zero.
    """

    def __init__(
        self,
        deter: int,
        stoch: int,
        classes: int,
        hidden: int,
        actions: int,
        embed: int,
        unimix: float = 0.01,
    ) -> None:
        super().__init__()
        self.stoch, self.classes, self.unimix = stoch, classes, unimix
        self.generator: torch.Generator | None = None  # source of samples; None: torch's global one
        flat = stoch * classes
        self.initial_logit = nn.Parameter(torch.zeros(deter))
        self.input = DenseBlock(flat + actions, hidden)
        self.cell = GRUCell(hidden, deter)
        self.prior_hidden = DenseBlock(deter, hidden)
        self.prior_head = nn.Linear(hidden, flat)
        self.posterior_hidden = DenseBlock(deter + embed, hidden)
        self.posterior_head = nn.Linear(hidden, flat)
        self.apply(init_weights)

    def initial_deter(self) -> Tensor:
        """Learned h before the first step, [D]."""
        return torch.tanh(self.initial_logit)

    def initial(self, batch: int) -> RSSMState:
        """State before the first step: learned h, mode of the prior of z."""
        deter = self.initial_deter().expand(batch, -1)
        logits = self.prior(deter)
        return RSSMState(deter, self.mode(logits), logits)

    def advance(self, deter: Tensor, stoch: Tensor, actions: Tensor) -> Tensor:
        """h_n [B, D] from h_{n-k} [B, D], z_{n-k} [B, S, C] and a_{n-k..n-1} [B, k*A]."""
        return self.cell(self.input(torch.cat([stoch.flatten(-2), actions], dim=-1)), deter)

    def prior(self, deter: Tensor) -> Tensor:
        """Logits [..., S, C] of p(z | h)."""
        return self._logits(self.prior_head(self.prior_hidden(deter)))

    def posterior(self, deter: Tensor, embed: Tensor) -> Tensor:
        """Logits [..., S, C] of q(z | h, e)."""
        return self._logits(self.posterior_head(self.posterior_hidden(torch.cat([deter, embed], dim=-1))))

    def observe(self, embed: Tensor, actions: Tensor, is_first: Tensor) -> tuple[RSSMState, Tensor]:
        """Filter a batch of sequences.

        Args:
            embed: observation embeddings [B, T, E].
            actions: actions of the interval that *ends* at each step [B, T, k*A].
            is_first: 1 where an episode begins [B, T]; state and actions are reset there.

        Returns:
            Posterior states and prior logits, both [B, T, ...].
        """
        begin = self.initial(embed.shape[0])
        state, states = begin, []
        for t in range(embed.shape[1]):
            first = is_first[:, t, None] > 0
            deter = torch.where(first, begin.deter, state.deter)
            stoch = torch.where(first[..., None], begin.stoch, state.stoch)
            deter = self.advance(deter, stoch, torch.where(first, 0.0, actions[:, t]))
            logits = self.posterior(deter, embed[:, t])
            state = RSSMState(deter, self.sample(logits), logits)
            states.append(state)
        posterior = RSSMState.stack(states)
        return posterior, self.prior(posterior.deter)

    @staticmethod
    def get_feat(deter: Tensor, stoch: Tensor) -> Tensor:
        """Input of the decoders: z and h concatenated [..., S*C + D]."""
        return torch.cat([stoch.flatten(-2), deter], dim=-1)

    def kl_loss(
        self,
        posterior: Tensor,
        prior: Tensor,
        free: float = 1.0,
        dynamics: float = 0.5,
        representation: float = 0.1,
    ) -> tuple[Tensor, Tensor]:
        """``dynamics max(KL(sg(post) || prior), free) + representation max(KL(post || sg(prior)), free)``.

        Returns:
            Mean loss and mean KL in nats.
        """
        kl_dynamics = kl_divergence(posterior.detach(), prior)
        kl_representation = kl_divergence(posterior, prior.detach())
        loss = dynamics * kl_dynamics.clamp(min=free) + representation * kl_representation.clamp(min=free)
        return loss.mean(), kl_dynamics.detach().mean()

    def mode(self, logits: Tensor) -> Tensor:
        """One-hot of the most likely class [..., S, C]."""
        return nn.functional.one_hot(logits.argmax(dim=-1), self.classes).to(logits.dtype)

    def sample(self, logits: Tensor) -> Tensor:
        """One-hot sample with straight-through gradient, by the Gumbel-max trick."""
        noise = -torch.empty_like(logits).exponential_(generator=self.generator).log()
        hard = nn.functional.one_hot((logits.detach() + noise).argmax(dim=-1), self.classes).to(logits.dtype)
        probabilities = logits.exp()
        return hard + probabilities - probabilities.detach()

    def _logits(self, flat: Tensor) -> Tensor:
        """Log-probabilities with the uniform share mixed in."""
        raw = flat.unflatten(-1, (self.stoch, self.classes))
        mixed = (1.0 - self.unimix) * nn.functional.softmax(raw, dim=-1) + self.unimix / self.classes
        return mixed.log()


def kl_divergence(left: Tensor, right: Tensor) -> Tensor:
    """KL(left || right) in nats, summed over the S categoricals; inputs are log-probabilities [..., S, C]."""
    return (left.exp() * (left - right)).sum(dim=(-2, -1))
