"""Proximal policy optimisation (PPO) on one or several ranks, and with a loss for the velocity estimate."""

from __future__ import annotations

from collections import defaultdict

import torch
from rsl_rl.algorithms import PPO
from rsl_rl.models import MLPModel
from rsl_rl.storage import RolloutStorage
from tensordict import TensorDict
from torch import Tensor, nn

from wmp_training.checkpoint import load_optimizer_tensors
from wmp_training.distributed import ALONE, Ranks
from wmp_training.policy.actor_critic import WMPActor, WMPCritic
from wmp_training.presets import PPOConfig


class DataParallelPPO(PPO):
    """rsl_rl's PPO with gradients averaged over ranks.

    Args:
        actor, critic: rsl_rl models.
        obs: example observations of all robots, which size the storage.
    """

    learning_rate: float
    #: Bounds of the learning rate, which adapts to the KL divergence between old and new policy.
    SLOWEST, FASTEST = 1e-5, 1e-2

    def __init__(
        self,
        actor: MLPModel,
        critic: MLPModel,
        obs: TensorDict,
        num_actions: int,
        config: PPOConfig,
        ranks: Ranks = ALONE,
    ) -> None:
        device = obs[next(iter(obs.keys()))].device
        storage = RolloutStorage("rl", obs.batch_size[0], config.steps_per_env, obs, [num_actions], device)
        if config.use_mixed_precision:
            # The actor stays in float32: with 8 bits of precision, its weights jump where a small step should
            # move them, and the KL divergence of these jumps keeps the learning rate low.
            half = torch.autocast(device.type, torch.bfloat16)
            critic.forward = half(critic.forward)
        super().__init__(
            actor,
            critic,
            storage,
            num_learning_epochs=config.epochs,
            num_mini_batches=config.mini_batches,
            clip_param=config.clip,
            gamma=config.gamma,
            lam=config.lam,
            entropy_coef=config.entropy,
            learning_rate=config.learning_rate,
            desired_kl=config.desired_kl,
            max_grad_norm=config.max_grad_norm,
            device=device,
        )
        self.ranks = ranks
        self.weights = {"surrogate": 1.0, "value": self.value_loss_coef, "entropy": -self.entropy_coef}

    def update(self) -> dict[str, float]:
        """Run all epochs over the stored rollout; returns mean losses."""
        totals: dict[str, float] = defaultdict(float)
        recurrent = self.actor.is_recurrent
        source = (
            self.storage.recurrent_mini_batch_generator if recurrent else self.storage.mini_batch_generator
        )
        # All epochs use the same mini-batches, so that they are shuffled and gathered only once.
        batches = list(source(self.num_mini_batches, 1)) * self.num_learning_epochs
        for batch in batches:
            losses = self._losses(batch)
            self._adapt_learning_rate(batch)
            loss = sum(self.weights[name] * value for name, value in losses.items())
            self.optimizer.zero_grad()
            loss.backward()
            self.ranks.average_gradients([*self.actor.parameters(), *self.critic.parameters()])
            nn.utils.clip_grad_norm_(self.actor.parameters(), self.max_grad_norm)
            nn.utils.clip_grad_norm_(self.critic.parameters(), self.max_grad_norm)
            self.optimizer.step()
            for name, value in losses.items():
                totals[name] += value.item()
        self.storage.clear()
        return {name: total / len(batches) for name, total in totals.items()}

    def configure(self, config: PPOConfig) -> None:
        """Go on with the coefficients of ``config``; epochs, batches and the learning rate stay."""
        self.gamma, self.lam = config.gamma, config.lam
        self.clip_param, self.desired_kl = config.clip, config.desired_kl
        if "entropy" in self.weights:
            self.weights["entropy"] = -config.entropy

    def resume(self, optimizer: dict[str, Tensor], learning_rate: float) -> None:
        """Restore the state of an ``optimizer`` and the adapted learning rate."""
        self.learning_rate = learning_rate
        load_optimizer_tensors(self.optimizer, optimizer, learning_rate)

    def use_lowest_learning_rate(self) -> None:
        """Start a policy that already walks at the lowest learning rate.

        A new Adam optimiser takes full-size steps in every direction: at the learning rate of an untrained
        policy, one rollout would destroy what the policy has learned.
        """
        self.learning_rate = self.SLOWEST

    def _losses(self, batch: RolloutStorage.Batch) -> dict[str, Tensor]:
        memory = batch.hidden_states[0] if self.actor.is_recurrent else None
        self.actor(batch.observations, batch.masks, memory, stochastic_output=True)
        values = self.critic(batch.observations, batch.masks).float()
        ratio = torch.exp(
            self.actor.get_output_log_prob(batch.actions) - batch.old_actions_log_prob.squeeze(-1)
        )
        advantages = batch.advantages.squeeze(-1)
        clipped_ratio = ratio.clamp(1.0 - self.clip_param, 1.0 + self.clip_param)
        clipped_values = batch.values + (values - batch.values).clamp(-self.clip_param, self.clip_param)
        value_error = torch.maximum(
            (values - batch.returns).square(), (clipped_values - batch.returns).square()
        )
        return {
            "surrogate": -torch.minimum(advantages * ratio, advantages * clipped_ratio).mean(),
            "value": value_error.mean(),
            "entropy": self.actor.output_entropy.mean(),
        }

    @torch.no_grad()
    def _adapt_learning_rate(self, batch: RolloutStorage.Batch) -> None:
        """Keep the KL divergence between old and new policy near ``desired_kl``."""
        kl = self.actor.get_kl_divergence(
            batch.old_distribution_params, self.actor.output_distribution_params
        ).mean()
        kl = self.ranks.mean(kl)
        if kl > 2.0 * self.desired_kl:
            self.learning_rate = max(self.SLOWEST, self.learning_rate / 1.5)
        elif 0.0 < kl < 0.5 * self.desired_kl:
            self.learning_rate = min(self.FASTEST, self.learning_rate * 1.5)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate


class WMPPPO(DataParallelPPO):
    """Also regresses the actor's velocity estimate onto ``obs["base_velocity"]`` [m/s]."""

    def __init__(
        self,
        actor: WMPActor,
        critic: WMPCritic,
        obs: TensorDict,
        num_actions: int,
        config: PPOConfig,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__(actor, critic, obs, num_actions, config, ranks)
        self.weights["velocity"] = config.velocity_loss

    def _losses(self, batch: RolloutStorage.Batch) -> dict[str, Tensor]:
        losses = super()._losses(batch)
        error = self.actor.velocity_estimate - batch.observations["base_velocity"]
        return losses | {"velocity": error.square().mean()}
