"""Adversarial motion priors: a discriminator tells reference motion from the policy's (Peng et al., 2021).

Numbers as in WMP (arXiv 2409.16784): least squares with targets +-1, gradient penalty 10 on the reference.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from wmp_training import checkpoint as ck
from wmp_training.device import CPU, generator, restore
from wmp_training.distributed import ALONE, Ranks
from wmp_training.motions.library import STATE_SIZE, MotionLibrary
from wmp_training.presets import AMPConfig
from wmp_training.sim.backend import RobotStates


def motion_states(states: RobotStates) -> Tensor:
    """Discriminator input of each robot [N, 30]: q, base linear velocity, base angular velocity, dq."""
    return torch.cat([states.q, states.linear_velocity, states.angular_velocity, states.dq], -1)


class AMPDiscriminator(nn.Module):
    """Scores transitions [N, 60]: trained towards +1 for the reference and -1 for the policy."""

    #: Scales joint positions, base linear and angular velocities, and joint velocities to about one.
    SCALE = (*[1.0] * 12, *[2.0] * 3, *[0.25] * 3, *[0.05] * 12)

    def __init__(self, config: AMPConfig) -> None:
        super().__init__()
        self.config = config
        sizes = (2 * STATE_SIZE, *config.hidden)
        layers = [
            layer
            for inputs, outputs in itertools.pairwise(sizes)
            for layer in (nn.Linear(inputs, outputs), nn.ReLU())
        ]
        self.trunk, self.head = nn.Sequential(*layers), nn.Linear(sizes[-1], 1)
        self.register_buffer("scale", torch.tensor(self.SCALE * 2), persistent=False)

    def forward(self, transitions: Tensor) -> Tensor:
        """Scores [N] of ``transitions`` [N, 60]."""
        return self.head(self.trunk(transitions * self.scale)).squeeze(-1)

    @torch.no_grad()
    def predict_amp_reward(self, state: Tensor, next_state: Tensor) -> Tensor:
        """``reward * max(0, 1 - (d - 1)^2 / 4)`` [N] for transitions between states [N, 30]."""
        score = self(torch.cat([state, next_state], -1))
        return self.config.reward * (1.0 - (score - 1.0).square() / 4.0).clamp(min=0.0)

    def loss(self, policy: Tensor, reference: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Loss on transitions [B, 60] of policy and reference, and figures for the log."""
        reference = reference.clone().requires_grad_()
        real, made = self(reference), self(policy)
        error = 0.5 * ((real - 1.0).square().mean() + (made + 1.0).square().mean())
        (gradient,) = torch.autograd.grad(real.sum(), reference, create_graph=True)
        # The penalty is on the gradient with respect to the scaled input, independent of the state's units.
        penalty = (gradient / self.scale).square().sum(-1).mean()
        loss = error + self.config.gradient_penalty * penalty
        scores = {"amp_reference": real.mean().item(), "amp_policy": made.mean().item()}
        return loss, {"amp": loss.item(), "amp_penalty": penalty.item(), **scores}

    def parameter_groups(self) -> list[dict]:
        """Parameter groups for the optimiser, with the weight decay of each part."""
        return [
            {"params": list(self.trunk.parameters()), "weight_decay": self.config.trunk_decay},
            {"params": list(self.head.parameters()), "weight_decay": self.config.head_decay},
        ]


class AMPTrainer:
    """The discriminator with optimiser, reference motions and a ring buffer of the policy's transitions."""

    def __init__(
        self,
        config: AMPConfig,
        library: MotionLibrary,
        seed: int,
        ranks: Ranks = ALONE,
        device: torch.device = CPU,
    ) -> None:
        self.config, self.library, self.ranks, self.device = config, library, ranks, device
        self.discriminator = AMPDiscriminator(config).to(device)
        self.optimizer = torch.optim.Adam(self.discriminator.parameter_groups(), lr=config.learning_rate)
        self.memory = torch.zeros(config.memory, 2 * STATE_SIZE, device=device)
        self.written = 0
        self.generator = generator(device, seed)

    def remember(self, transitions: Tensor) -> None:
        """Add the policy's transitions [M, 60]; they replace the oldest ones."""
        slots = (self.written + torch.arange(len(transitions), device=self.device)) % len(self.memory)
        self.memory[slots] = transitions
        self.written += len(transitions)

    def train(self) -> dict[str, float]:
        """Do the updates of one iteration; returns the last losses, or nothing while the buffer is empty."""
        stored = min(self.written, len(self.memory))
        losses: dict[str, float] = {}
        for _ in range(self.config.updates if stored else 0):
            chosen = torch.randint(stored, (self.config.batch,), generator=self.generator, device=self.device)
            policy = self.memory[chosen]
            reference = self.library.sample(self.config.batch, self.generator)
            loss, losses = self.discriminator.loss(policy, reference)
            self.optimizer.zero_grad()
            loss.backward()
            self.ranks.average_gradients(self.discriminator.parameters())
            self.optimizer.step()
        return losses

    def state_dict(self) -> dict[str, Tensor]:
        """Everything the next update depends on."""
        state = {"memory": self.memory, "written": torch.tensor(self.written)}
        state |= {"rng": self.generator.get_state()}
        state |= ck.prefixed("discriminator", self.discriminator.state_dict())
        return state | ck.prefixed("optimizer", ck.optimizer_tensors(self.optimizer))

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.memory.copy_(state["memory"])
        self.written = int(state["written"])
        restore(self.generator, state["rng"])
        self.discriminator.load_state_dict(ck.section("discriminator", state))
        optimizer = ck.section("optimizer", state)
        ck.load_optimizer_tensors(self.optimizer, optimizer, self.config.learning_rate)
