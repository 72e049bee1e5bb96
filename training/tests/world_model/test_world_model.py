import pytest
import torch

from wmp_training.world_model.layers import symlog
from wmp_training.world_model.replay import SequenceReplay
from wmp_training.world_model.trainer import WorldModelTrainer
from wmp_training.world_model.world_model import HeightMapDecoder, Sequences


def test_the_loss_is_summed_over_image_and_map_and_averaged_over_steps(networks):
    """A model with zero weights predicts zeros; prior and posterior are equal, so the KL is its free nats."""
    model, map_decoder = networks.world_model, HeightMapDecoder(16, 5)
    for parameter in [*model.parameters(), *map_decoder.parameters()]:
        torch.nn.init.zeros_(parameter)
    batch = Sequences(
        torch.rand(2, 3, 64, 64) - 0.5,
        torch.randn(2, 3, 33),
        torch.randn(2, 3, 60),
        torch.eye(3)[:1].repeat(2, 1),
        torch.randn(2, 3, 5),
    )
    loss, log = model.loss(batch, map_decoder)
    depth = batch.depth.square().sum() / 6
    proprioception = symlog(batch.proprioception).square().sum() / 6
    surroundings = batch.surroundings.square().sum() / 6
    assert loss.item() == pytest.approx((depth + proprioception + surroundings).item() + 0.6, rel=1e-5)
    assert log["depth_rmse"] == pytest.approx(batch.depth.square().mean().sqrt().item(), rel=1e-5)
    assert log["proprioception"] == pytest.approx(proprioception.item(), rel=1e-5)
    assert log["kl"] == pytest.approx(0.0, abs=1e-6)


def test_training_on_one_batch_lowers_every_part_of_the_loss(networks, tiny):
    batch = Sequences(
        torch.rand(2, 4, 64, 64) - 0.5, torch.randn(2, 4, 33), torch.randn(2, 4, 60), torch.zeros(2, 4)
    )
    model = networks.world_model
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    _, before = model.loss(batch)
    for _ in range(60):
        loss, after = model.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert after["depth_rmse"] < 0.9 * before["depth_rmse"]
    assert after["proprioception"] < 0.9 * before["proprioception"]


def test_world_model_training_does_not_use_the_global_random_numbers(networks, tiny):
    replay = SequenceReplay(4, 16, (64, 64), 33, 60)
    for _ in range(8):
        replay.add(
            torch.arange(4), torch.rand(4, 64, 64), torch.randn(4, 33), torch.randn(4, 60), torch.zeros(4)
        )
    trainer = WorldModelTrainer(networks.world_model, replay, tiny.world_model, seed=1)
    state = torch.get_rng_state()
    assert trainer.train()["world_model"] > 0
    assert torch.equal(torch.get_rng_state(), state)
