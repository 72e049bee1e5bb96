"""Collects rollouts: the policy acts, the environment steps, PPO stores the transitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from rsl_rl.algorithms import PPO
from tensordict import TensorDict
from torch import nn

from wmp_training.env.environment import LocomotionEnv, Observation


@torch.no_grad()
def collect(
    env: LocomotionEnv,
    ppo: PPO,
    obs: TensorDict,
    perceive: Callable[[Observation], TensorDict],
    steps: int,
) -> tuple[TensorDict, dict[str, float]]:
    """Run all robots for ``steps`` control periods from ``obs``; returns the last observation and the log.

    The reward and its terms are logged per second, as means over robots and steps.
    """
    reward, totals = 0.0, dict[str, float]()
    for _ in range(steps):
        step = env.step(ppo.act(obs))
        obs = perceive(step.observation)
        ppo.process_env_step(obs, step.reward, step.done, {"time_outs": step.time_out.float()})
        reward += step.reward.mean().item()
        for name, value in env.episode_log.items():
            totals[name] = totals.get(name, 0.0) + value.item()
    env.curriculum.end_rollout()
    episodes, falls = totals.pop("episodes"), totals.pop("falls")
    log = {f"reward/{name}": value / steps for name, value in totals.items()}
    log |= {f"level/{name}": value for name, value in env.curriculum.mean_levels().items()}
    log |= {f"share/{name}": value for name, value in env.curriculum.shares().items()}
    return obs, log | {"reward": reward / steps / env.dt, "episodes": episodes, "falls": falls}


def check_finite(log: Mapping[str, float], modules: Mapping[str, nn.Module], iteration: int) -> None:
    """Raise ``FloatingPointError``, naming the losses and weights that are not finite."""
    named = [(f"{m}.{n}", p) for m, module in modules.items() for n, p in module.named_parameters()]
    broken = [name for name, value in log.items() if not math.isfinite(value)]
    broken += [name for name, value in named if not torch.isfinite(value).all()]
    if broken:
        raise FloatingPointError(
            f"not finite after iteration {iteration}: {', '.join(broken[:5])}; "
            "resume from the last checkpoint"
        )
