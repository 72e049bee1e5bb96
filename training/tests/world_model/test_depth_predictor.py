from dataclasses import replace

import pytest
import torch

from wmp_training.presets import DepthPredictorConfig
from wmp_training.run_config import RunConfig
from wmp_training.runner import Runner
from wmp_training.world_model.depth_predictor import DepthPredictorTrainer

SMALL = DepthPredictorConfig(hidden=16, channels=(2, 4, 4, 4), memory=32, batch=16, updates=10)
CONFIG = RunConfig("tiny", 12, 3, levels=2, task="obstacles", rendered=0.5)


def test_images_are_learned_from_their_inputs():
    trainer = DepthPredictorTrainer(2, (64, 64), SMALL, seed=0)
    side = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).repeat(16, 1)
    images = torch.where(side[:, :1, None] > 0, 0.4, -0.4).expand(-1, 64, 64)
    trainer.remember(side, images)
    losses = [trainer.train()["depth_predictor"] for _ in range(30)]
    assert losses[-1] < 0.2 * losses[0]
    near, far = trainer.predict(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    assert near.mean() < -0.2 < 0.2 < far.mean()


def test_without_rendered_images_nothing_is_trained():
    assert DepthPredictorTrainer(2, (64, 64), SMALL, seed=0).train() == {}


def test_half_of_the_robots_are_rendered_and_the_others_predicted(tmp_path):
    learner = Runner(tmp_path, CONFIG, threads=1).learner
    cameras = learner.env.cameras
    assert cameras.rendered.sum() in (5, 6, 7)
    assert learner.depth_predictor.written == int(cameras.rendered.sum())
    log = learner.iterate()
    assert log["depth_predictor"] > 0


def test_a_resumed_depth_predictor_continues_exactly_as_the_uninterrupted_one(tmp_path):
    first = Runner(tmp_path, CONFIG, threads=1)
    first.run(time_limit=60, iterations=2, report=lambda line: None)
    expected = first.learner.iterate()["depth_predictor"]
    second = Runner(tmp_path, CONFIG, threads=1, resume=True)
    assert second.learner.iterate()["depth_predictor"] == expected


def test_a_depth_predictor_needs_a_task_with_a_height_map(tmp_path):
    with pytest.raises(ValueError, match="height map"):
        Runner(tmp_path, replace(CONFIG, task="gentle"))
