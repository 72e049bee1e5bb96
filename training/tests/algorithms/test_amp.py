import pytest
import torch

from wmp_training.algorithms.amp import AMPDiscriminator, AMPTrainer, motion_states
from wmp_training.motions.gait import FRAME
from wmp_training.motions.library import MotionLibrary
from wmp_training.presets import AMPConfig
from wmp_training.sim.backend import RobotStates

SMALL = AMPConfig(hidden=(16, 8), memory=64, batch=32, updates=5, learning_rate=1e-3)


def scoring(value):
    """A discriminator that gives every transition the same score."""
    discriminator = AMPDiscriminator(SMALL)
    torch.nn.init.zeros_(discriminator.head.weight)
    torch.nn.init.constant_(discriminator.head.bias, value)
    return discriminator


@pytest.mark.parametrize(
    ("score", "reward"), [(1.0, 0.01), (0.0, 0.0075), (-1.0, 0.0), (3.0, 0.0), (-5.0, 0.0), (2.0, 0.0075)]
)
def test_the_reward_is_highest_at_the_score_of_the_reference(score, reward):
    state = torch.randn(4, 30)
    torch.testing.assert_close(scoring(score).predict_amp_reward(state, state), torch.full((4,), reward))


def test_the_discriminator_has_the_size_of_the_paper():
    assert sum(p.numel() for p in AMPDiscriminator(AMPConfig()).parameters()) == pytest.approx(
        588e3, rel=2e-3
    )


def test_a_state_is_positions_base_velocities_and_joint_velocities():
    zero = torch.zeros(1, 12)
    states = RobotStates(
        *(torch.full((1, 3), 9.0), torch.full((1, 4), 9.0)),
        *(torch.full((1, 3), 2.0), torch.full((1, 3), 3.0), zero + 1.0, zero + 4.0),
        *(zero, torch.zeros(1, 4, 3), torch.zeros(1, 8), torch.zeros(1)),
    )
    assert motion_states(states).tolist() == [[1.0] * 12 + [2.0] * 3 + [3.0] * 3 + [4.0] * 12]


def test_the_loss_is_least_squares_to_plus_and_minus_one():
    loss, log = scoring(0.5).loss(torch.randn(8, 60), torch.randn(8, 60))
    assert loss.item() == pytest.approx(0.5 * (0.25 + 2.25))
    assert log["amp_penalty"] == 0.0


def test_the_gradient_penalty_is_that_of_a_linear_score():
    config = AMPConfig(hidden=(60,))
    discriminator = AMPDiscriminator(config)
    with torch.no_grad():
        discriminator.trunk[0].weight.copy_(torch.eye(60))
        discriminator.trunk[0].bias.fill_(100.0)  # all ReLU units are active, so the score is linear
        discriminator.head.weight.fill_(0.1)
        discriminator.head.bias.fill_(-600.0)
    _, log = discriminator.loss(torch.randn(8, 60), torch.randn(8, 60))
    assert log["amp_penalty"] == pytest.approx(60 * 0.1**2, rel=1e-5)


def test_the_discriminator_learns_to_separate_a_trot_from_standing():
    torch.manual_seed(0)
    trainer = AMPTrainer(SMALL, MotionLibrary.shipped(FRAME, ["trot"]), seed=1)
    standing = torch.zeros(60)
    trainer.remember(standing.repeat(64, 1) + 0.05 * torch.randn(64, 60))
    for _ in range(60):
        log = trainer.train()
    assert log["amp_reference"] > log["amp_policy"] + 0.5
    reference = trainer.library.transitions
    moving = trainer.discriminator.predict_amp_reward(reference[:, :30], reference[:, 30:]).mean()
    assert moving > trainer.discriminator.predict_amp_reward(standing[None, :30], standing[None, 30:])[0]


def test_the_buffer_keeps_the_newest_transitions():
    trainer = AMPTrainer(AMPConfig(hidden=(4,), memory=4), MotionLibrary.shipped(FRAME), seed=1)
    assert trainer.train() == {}
    trainer.remember(torch.arange(6.0)[:3, None].expand(-1, 60))
    trainer.remember(torch.arange(6.0)[3:, None].expand(-1, 60))
    assert sorted(trainer.memory[:, 0].tolist()) == [2, 3, 4, 5]


def test_weight_decay_is_that_of_each_part():
    groups = AMPDiscriminator(SMALL).parameter_groups()
    assert [group["weight_decay"] for group in groups] == [1e-3, 1e-1]
    assert [len(group["params"]) for group in groups] == [4, 2]
