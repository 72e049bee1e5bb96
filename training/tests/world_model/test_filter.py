import pytest
import torch

from wmp_training.world_model.filter import LatentFilter

K, A = 5, 12


@pytest.fixture
def observations():
    generator = torch.Generator().manual_seed(3)
    return {
        "proprioception": torch.randn(11, 33, generator=generator),
        "depth": torch.rand(11, 64, 64, generator=generator) - 0.5,
        "actions": torch.randn(11, A, generator=generator),
    }


def run_alone(model, observations, ticks, valid=True):
    """h of a single robot at every world-model tick, from tick 0."""
    filter_ = LatentFilter(model, 1, K, A)
    deters = []
    for tick in range(ticks):
        if tick % K == 0:
            filter_.step(
                torch.tensor([0]),
                torch.tensor([tick == 0]),
                observations["proprioception"][tick : tick + 1],
                observations["depth"][tick : tick + 1],
                torch.tensor([valid]),
            )
            deters.append(filter_.deter[0].clone())
        filter_.record_action(torch.tensor([tick]), observations["actions"][tick : tick + 1])
    return deters


def test_h_follows_the_recurrence_of_the_paper(networks, observations):
    model = networks.world_model
    rssm = model.rssm
    found = run_alone(model, observations, 11)
    begin = rssm.initial(1)
    with torch.no_grad():
        h0 = rssm.advance(begin.deter, begin.stoch, torch.zeros(1, K * A))
        z0 = model.observe_mode(h0, observations["proprioception"][:1], observations["depth"][:1])
        h5 = rssm.advance(h0, z0, observations["actions"][:5].reshape(1, -1))
    torch.testing.assert_close(found[0], h0[0])
    torch.testing.assert_close(found[1], h5[0])


def test_robots_with_different_phases_do_not_affect_each_other(networks, observations):
    model = networks.world_model
    alone = run_alone(model, observations, 11)
    both = LatentFilter(model, 2, K, A)
    found = []
    for step in range(13):
        tick = torch.tensor([step, step - 2])  # the second robot starts two steps later
        due = torch.nonzero((tick >= 0) & (tick % K == 0) & (tick < 11)).squeeze(-1)
        if len(due):
            t = tick[due]
            both.step(
                due,
                t == 0,
                observations["proprioception"][t],
                observations["depth"][t],
                torch.ones(len(due), dtype=torch.bool),
            )
            if 1 in due:
                found.append(both.deter[1].clone())
        both.record_action(tick.clamp(0, 10), observations["actions"][tick.clamp(0, 10)])
    for expected, value in zip(alone, found, strict=True):
        torch.testing.assert_close(value, expected)


def test_without_an_image_z_is_the_prior_and_the_image_is_ignored(networks, observations):
    blind = run_alone(networks.world_model, observations, 11, valid=False)
    other = dict(observations, depth=torch.zeros(11, 64, 64))
    for left, right in zip(blind, run_alone(networks.world_model, other, 11, valid=False), strict=True):
        torch.testing.assert_close(left, right)
