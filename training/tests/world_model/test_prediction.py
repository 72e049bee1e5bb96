import pytest
import torch

from wmp_training.world_model.prediction import (
    ModelPredictor,
    PredictionErrors,
    predict,
    prediction_errors,
    unbroken,
)
from wmp_training.world_model.prediction_plot import draw_prediction, judge_and_draw
from wmp_training.world_model.replay import SequenceReplay
from wmp_training.world_model.world_model import Sequences


class Counter:
    """A model whose h sums the actions; z is the image (posterior) or h (prior); the decoded image is z."""

    def begin(self, batch):
        return torch.zeros(batch, 1), torch.zeros(batch, 1)

    def advance(self, deter, stoch, actions):
        return deter + actions.sum(-1, keepdim=True)

    def posterior(self, deter, proprioception, depth):
        return depth[:, :1, 0]

    def prior(self, deter):
        return deter

    def decode(self, deter, stoch):
        return stoch[:, :, None].expand(-1, 2, 2)


def sequences(batch=1, steps=6):
    depth = torch.arange(float(steps)).repeat(batch, 1)[:, :, None, None].expand(-1, -1, 2, 2) * 0.01
    is_first = torch.zeros(batch, steps)
    is_first[:, 0] = 1.0
    return Sequences(depth, torch.zeros(batch, steps, 3), torch.ones(batch, steps, 2), is_first)


def test_the_context_uses_images_and_the_prediction_only_actions():
    images = predict(Counter(), sequences(), context=3)[0, :, 0, 0]
    # Every interval adds two actions of 1, except the first, whose actions are unknown.
    torch.testing.assert_close(images, torch.tensor([0.0, 0.01, 0.02, 6.0, 8.0, 10.0]))


def test_images_after_the_context_are_not_used(networks, contract):
    torch.manual_seed(3)
    size, length = contract.proprioception_size, 5
    is_first = torch.zeros(2, length)
    is_first[:, 0] = 1.0
    actions = torch.randn(2, length, 60)
    batch = Sequences(torch.rand(2, length, 64, 64) - 0.5, torch.randn(2, length, size), actions, is_first)
    model = ModelPredictor(networks.world_model)
    images = predict(model, batch, context=3)
    batch.depth[:, 3:], batch.proprioception[:, 3:] = 0.0, 0.0
    assert torch.equal(predict(model, batch, context=3), images)
    batch.actions[:, 4] += 1.0
    changed = predict(model, batch, context=3)
    assert torch.equal(changed[:, :4], images[:, :4]) and not torch.equal(changed[:, 4], images[:, 4])
    batch.depth[:, 2] = 0.0
    assert not torch.equal(predict(model, batch, context=3)[:, 3], images[:, 3])


def test_the_first_prediction_is_the_prior_one_step_after_the_filtered_state(networks, contract):
    size, rssm = contract.proprioception_size, networks.world_model.rssm
    batch = Sequences(
        torch.rand(1, 2, 64, 64) - 0.5, torch.randn(1, 2, size), torch.randn(1, 2, 60), torch.eye(2)[:1]
    )
    images = predict(ModelPredictor(networks.world_model), batch, context=1)
    with torch.no_grad():
        begin = rssm.initial(1)
        h = rssm.advance(begin.deter, begin.stoch, torch.zeros(1, 60))
        z = networks.world_model.observe_mode(h, batch.proprioception[:, 0], batch.depth[:, 0])
        h = rssm.advance(h, z, batch.actions[:, 1])
        expected = networks.world_model.decoder.image(rssm.get_feat(h, rssm.mode(rssm.prior(h))))
    torch.testing.assert_close(images[:, 1], expected[:, 0])


def test_errors_are_in_metres_and_per_step():
    batch = sequences(batch=2, steps=5)
    images = batch.depth.clone()
    images[:, 3] += 0.03
    images[0, 4] += 0.04
    errors = prediction_errors(batch, images, far=2.0, context=3)
    assert errors.model == pytest.approx((0.06, 0.08 / 2**0.5))
    assert errors.persistence == pytest.approx((0.02, 0.04))
    assert errors.ratio == pytest.approx(2**0.5)
    assert errors.sequences == 2


def test_nothing_is_predicted_across_a_reset():
    batch = sequences(batch=3)
    batch.is_first[1, 4] = 1.0
    with pytest.raises(ValueError, match="unbroken"):
        predict(Counter(), batch)
    assert len(unbroken(batch).depth) == 2
    predict(Counter(), unbroken(batch))


def test_a_context_as_long_as_the_sequence_is_refused():
    with pytest.raises(ValueError, match="context is 6"):
        predict(Counter(), sequences(), context=6)


def test_the_plot_is_written(tmp_path):
    truth = sequences(steps=7).depth[0]
    draw_prediction(truth, truth + 0.1, 2.0, tmp_path / "new" / "picture.png")
    assert (tmp_path / "new" / "picture.png").read_bytes()[:4] == b"\x89PNG"


def test_judging_a_model_does_not_change_the_course_of_training(networks, contract, tmp_path):
    replay = SequenceReplay(2, 20, (64, 64), contract.proprioception_size, 60)
    picture, everyone = tmp_path / "now.png", torch.arange(2)
    assert judge_and_draw(networks.world_model, replay, 2.0, picture, seed=1) is None
    for step in range(20):
        images = torch.rand(2, 64, 64) - 0.5
        replay.add(everyone, images, torch.randn(2, 33), torch.randn(2, 60), torch.full((2,), step == 0))
    before = torch.get_rng_state()
    errors = judge_and_draw(networks.world_model, replay, 2.0, picture, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    assert picture.exists() and len(errors.model) == 10 and errors.sequences == 32
    assert judge_and_draw(networks.world_model, replay, 2.0, picture, seed=1) == errors


def test_a_perfect_model_beats_persistence():
    assert PredictionErrors((0.0,), (0.1,), 1).ratio == 0.0
