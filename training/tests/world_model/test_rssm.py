import math

import torch

from wmp_training.world_model.rssm import RSSM, kl_divergence


def small_rssm():
    return RSSM(deter=6, stoch=3, classes=4, hidden=8, actions=5, embed=7)


def test_the_kl_of_two_coins_is_the_sum_computed_by_hand():
    left, right = torch.tensor([[0.5, 0.5], [0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75], [0.5, 0.5]]).log()
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)  # the second coin adds zero
    torch.testing.assert_close(kl_divergence(left, right), torch.tensor(expected))


def test_the_kl_loss_is_weighted_above_the_free_nat_and_constant_below():
    rssm = small_rssm()
    sharp = torch.full((1, 3, 4), 1e-6).log()
    sharp[..., 0] = math.log(1 - 3e-6)
    uniform = torch.full((1, 3, 4), 0.25).log()
    loss, kl = rssm.kl_loss(sharp, uniform)
    torch.testing.assert_close(kl, torch.tensor(3 * math.log(4.0)), atol=1e-3, rtol=0)
    torch.testing.assert_close(loss, 0.6 * kl)
    loss, kl = rssm.kl_loss(uniform, uniform)
    assert kl == 0.0
    torch.testing.assert_close(loss, torch.tensor(0.6))


def test_the_prior_is_pulled_to_the_posterior_five_times_as_strongly_as_vice_versa():
    rssm = small_rssm()
    posterior, prior = ((3.0 * torch.randn(2, 3, 4)).log_softmax(-1).requires_grad_() for _ in range(2))
    divergence = kl_divergence(posterior, prior)
    assert divergence.min() > 1.0
    to_posterior, to_prior = torch.autograd.grad(divergence.mean(), (posterior, prior))
    loss, _ = rssm.kl_loss(posterior, prior)
    found = torch.autograd.grad(loss, (posterior, prior))
    torch.testing.assert_close(found[0], 0.1 * to_posterior)
    torch.testing.assert_close(found[1], 0.5 * to_prior)


def test_every_class_keeps_its_share_of_the_uniform_mixture():
    rssm = small_rssm()
    probabilities = rssm._logits(torch.full((1, 12), 0.0).index_fill(1, torch.tensor([0]), 1000.0)).exp()
    torch.testing.assert_close(probabilities.sum(-1), torch.ones(1, 3))
    torch.testing.assert_close(probabilities[0, 0, 1], torch.tensor(0.01 / 4))


def test_shapes_of_observe():
    rssm = small_rssm()
    posterior, prior = rssm.observe(torch.randn(2, 9, 7), torch.randn(2, 9, 5), torch.zeros(2, 9))
    assert posterior.deter.shape == (2, 9, 6)
    assert posterior.stoch.shape == posterior.logits.shape == prior.shape == (2, 9, 3, 4)
    assert rssm.get_feat(posterior.deter, posterior.stoch).shape == (2, 9, 18)
    torch.testing.assert_close(posterior.stoch.sum(-1), torch.ones(2, 9, 3))


def test_is_first_resets_state_and_actions():
    rssm = small_rssm()
    embed, actions = torch.randn(1, 6, 7), torch.randn(1, 6, 5)
    first = torch.zeros(1, 6)
    first[0, 3] = 1.0
    other_embed, other_actions = embed.clone(), actions.clone()
    other_embed[:, :3], other_actions[:, :4] = torch.randn(1, 3, 7), torch.randn(1, 4, 5)
    first[0, 0] = 1.0
    states = []
    for e, a in ((embed, actions), (other_embed, other_actions)):
        posterior, _ = rssm.observe(e, a, first)
        states.append(posterior)
    torch.testing.assert_close(states[0].deter[:, 3], states[1].deter[:, 3])
    assert not torch.allclose(states[0].deter[:, 2], states[1].deter[:, 2])


def test_the_first_h_is_one_step_from_the_initial_state_with_zero_actions():
    rssm = small_rssm()
    rssm.initial_logit.data = torch.randn(6)
    begin = rssm.initial(1)
    posterior, _ = rssm.observe(torch.randn(1, 1, 7), torch.randn(1, 1, 5), torch.ones(1, 1))
    torch.testing.assert_close(
        posterior.deter[:, 0], rssm.advance(begin.deter, begin.stoch, torch.zeros(1, 5))
    )


def test_samples_follow_the_distribution_and_pass_gradients():
    rssm = small_rssm()
    logits = torch.tensor([0.7, 0.1, 0.1, 0.1]).log().expand(4000, 3, 4).clone().requires_grad_()
    sample = rssm.sample(logits)
    torch.testing.assert_close(sample.mean((0, 1)), torch.tensor([0.7, 0.1, 0.1, 0.1]), atol=0.02, rtol=0)
    sample[..., 0].sum().backward()
    assert logits.grad.abs().sum() > 0
