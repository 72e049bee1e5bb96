"""The world model running for many simulated robots, with the same timing as on the real one."""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_training.world_model.world_model import WorldModel


class LatentFilter:
    """Holds the deterministic state h (``deter``) and stochastic state z (``stoch``) of every robot.

    They advance at each robot's own world-model ticks. At a tick n that is a multiple of k:
    ``h_n = advance(h_{n-k}, z_{n-k}, a_{n-k..n-1})`` (at n = 0 from the learned initial state with zero
    actions); then ``z_n`` is the mode of the posterior, or of the prior where no image arrived. z is always
    the mode, never a sample, so that a walk can be replayed.
    """

    def __init__(self, model: WorldModel, num_robots: int, interval: int, num_actions: int) -> None:
        rssm = model.rssm
        self.model, self.interval = model, interval
        device = rssm.initial_logit.device
        self.deter = torch.zeros(num_robots, rssm.initial_logit.shape[0], device=device)
        self.stoch = torch.zeros(num_robots, rssm.stoch, rssm.classes, device=device)
        self.actions = torch.zeros(num_robots, interval, num_actions, device=device)

    def state_dict(self) -> dict[str, Tensor]:
        return {"deter": self.deter, "stoch": self.stoch, "actions": self.actions}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        for name in ("deter", "stoch", "actions"):
            getattr(self, name).copy_(state[name])

    def record_action(self, tick: Tensor, action: Tensor) -> None:
        """Store the clipped ``action`` [N, A] of policy tick ``tick`` [N]."""
        self.actions[torch.arange(len(tick), device=tick.device), tick % self.interval] = action

    @torch.no_grad()
    def step(
        self, due: Tensor, first: Tensor, proprioception: Tensor, depth: Tensor, valid: Tensor
    ) -> Tensor:
        """Advance h and z of the robots at a world-model tick.

        Args:
            due: indices of these robots [M].
            first: whether this is tick 0 of an episode [M].
            proprioception, depth: their observations, [M, P] scaled and [M, H, W] normalised.
            valid: whether the image arrived [M]; without one, z comes from the prior.

        Returns:
            Actions of the interval that just ended [M, k*A], zeros at tick 0, for training the model.
        """
        rssm = self.model.rssm
        self.actions[due[first]] = 0.0
        begin = rssm.initial(1)
        deter = torch.where(first[:, None], begin.deter, self.deter[due])
        stoch = torch.where(first[:, None, None], begin.stoch, self.stoch[due])
        actions = self.actions[due].flatten(1)
        deter = rssm.advance(deter, stoch, actions)
        posterior = self.model.observe_mode(deter, proprioception, depth)
        prior = rssm.mode(rssm.prior(deter))
        self.deter[due] = deter
        self.stoch[due] = torch.where(valid[:, None, None], posterior, prior)
        return actions
