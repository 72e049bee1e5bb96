from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from rsl_rl.algorithms import PPO
from rsl_rl.storage import RolloutStorage
from tensordict import TensorDict

from wmp_training.algorithms.ppo import DataParallelPPO
from wmp_training.policy.model_free import build_actor, build_critic

ROBOTS, JOINTS = 6, 2


def observation():
    groups = {name: torch.randn(ROBOTS, size) for name, size in (("history", 10), ("command", 3))}
    return TensorDict(groups | {"privileged": torch.randn(ROBOTS, 5)}, batch_size=[ROBOTS])


def models(tiny):
    torch.manual_seed(1)
    obs = observation()
    return build_actor("blind", obs, JOINTS, tiny.policy), build_critic(obs, tiny.policy), obs


def data_parallel_ppo(tiny, **changes):
    actor, critic, obs = models(tiny)
    return DataParallelPPO(actor, critic, obs, JOINTS, replace(tiny.ppo, **changes))


def roll_out(ppo, steps):
    """Robot 0 falls and robot 1 times out in the first step; the others continue."""
    with torch.no_grad():
        for step in range(steps):
            ppo.act(observation())
            ends = torch.tensor([step == 0, step == 0, *[False] * (ROBOTS - 2)])
            late = torch.tensor([False, step == 0, *[False] * (ROBOTS - 2)])
            ppo.process_env_step(observation(), torch.rand(ROBOTS), ends, {"time_outs": late.float()})
        after = observation()
        ppo.compute_returns(after)
        return ppo.critic(after)[:, 0]


def test_an_update_equals_that_of_rsl_rl(tiny):
    config = tiny.ppo
    actor, critic, obs = models(tiny)
    theirs = PPO(
        actor,
        critic,
        RolloutStorage("rl", ROBOTS, config.steps_per_env, obs, [JOINTS]),
        num_learning_epochs=3,
        num_mini_batches=config.mini_batches,
        clip_param=config.clip,
        gamma=config.gamma,
        lam=config.lam,
        entropy_coef=config.entropy,
        learning_rate=config.learning_rate,
        desired_kl=config.desired_kl,
        max_grad_norm=config.max_grad_norm,
    )
    ours = data_parallel_ppo(tiny, epochs=3)
    for ppo in (theirs, ours):
        torch.manual_seed(2)
        for _ in range(2):
            roll_out(ppo, config.steps_per_env)
            log = ppo.update()
    assert ours.learning_rate == theirs.learning_rate != config.learning_rate
    assert log["value"] > 0
    for module in ("actor", "critic"):
        expected = getattr(theirs, module).state_dict()
        for name, value in getattr(ours, module).state_dict().items():
            torch.testing.assert_close(value, expected[name], atol=1e-6, rtol=1e-5)


def test_in_mixed_precision_only_the_critic_uses_bfloat16(tiny):
    rollouts = []
    for mixed in (False, True):
        ppo = data_parallel_ppo(tiny, use_mixed_precision=mixed)
        torch.manual_seed(2)
        roll_out(ppo, tiny.ppo.steps_per_env)
        rollouts.append(ppo.storage)
        (batch,) = ppo.storage.mini_batch_generator(1, 1)
        with torch.no_grad():
            losses = ppo._losses(batch)
        assert all(value.dtype == torch.float32 for value in losses.values())
        # The update starts from the policy that collected the rollout.
        torch.testing.assert_close(
            ppo.actor.output_mean, batch.old_distribution_params[0], atol=1e-6, rtol=0.0
        )
    full, half = rollouts
    torch.testing.assert_close(half.actions, full.actions, atol=0.0, rtol=0.0)
    torch.testing.assert_close(half.values, full.values, atol=0.02, rtol=0.02)
    assert (half.values == half.values.bfloat16()).all()
    assert (full.values != full.values.bfloat16()).any()


def test_mixed_precision_learns_almost_the_same_as_full_precision(tiny):
    weights = []
    for mixed in (False, True):
        ppo = data_parallel_ppo(tiny, use_mixed_precision=mixed)
        before = torch.cat([p.detach().flatten().clone() for p in ppo.actor.parameters()])
        torch.manual_seed(2)
        roll_out(ppo, tiny.ppo.steps_per_env)
        ppo.update()
        weights.append(torch.cat([p.detach().flatten() for p in ppo.actor.parameters()]) - before)
    full, mixed = weights
    assert torch.cosine_similarity(full, mixed, dim=0) > 0.99
    assert not torch.equal(full, mixed)


def test_returns_stop_at_a_fall_and_bootstrap_at_a_time_out(tiny):
    gamma, lam = 0.9, 0.5
    ppo = data_parallel_ppo(tiny, steps_per_env=2, gamma=gamma, lam=lam)
    rewards = []
    process = ppo.process_env_step

    def remembering(obs, reward, *rest):
        rewards.append(reward)
        process(obs, reward, *rest)

    ppo.process_env_step = remembering
    last = roll_out(ppo, 2)
    (r0, r1), (v0, v1) = rewards, ppo.storage.values[..., 0]
    returns = ppo.storage.returns[..., 0]
    torch.testing.assert_close(returns[1], r1 + gamma * last)
    assert returns[0, 0] == pytest.approx(r0[0].item(), abs=1e-6)
    assert returns[0, 1] == pytest.approx((r0[1] + gamma * v0[1]).item(), abs=1e-6)
    first, second = r0 + gamma * v1 - v0, r1 + gamma * last - v1
    torch.testing.assert_close(returns[0, 2:], (v0 + first + gamma * lam * second)[2:])


@pytest.mark.parametrize(
    ("kl", "begin", "expected"),
    [(0.021, 3e-4, 2e-4), (0.019, 3e-4, 3e-4), (0.006, 3e-4, 3e-4), (0.004, 3e-4, 4.5e-4)]
    + [(0.5, 1.2e-5, 1e-5), (0.001, 9e-3, 1e-2), (0.0, 3e-4, 3e-4)],
)
def test_the_learning_rate_follows_the_kl_between_old_and_new_policy(tiny, kl, begin, expected):
    ppo = data_parallel_ppo(tiny)
    ppo.learning_rate = begin
    ppo.actor(observation(), stochastic_output=True)
    mean, std = (value.detach() for value in ppo.actor.output_distribution_params)
    # With equal standard deviations, KL = (shift / std)^2 / 2 for each joint.
    shift = std * (2.0 * kl / JOINTS) ** 0.5
    ppo._adapt_learning_rate(SimpleNamespace(old_distribution_params=(mean + shift, std)))
    assert ppo.learning_rate == pytest.approx(expected)
    assert all(group["lr"] == ppo.learning_rate for group in ppo.optimizer.param_groups)
