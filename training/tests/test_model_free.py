from dataclasses import replace

import pytest
import torch

from wmp_training.run_config import RunConfig
from wmp_training.runner import Runner

CONFIG = RunConfig("tiny", 12, 3, levels=2, task="obstacles", stage="teacher")


def next_losses(runner):
    log = runner.learner.iterate()
    return {name: log[name] for name in ("reward", "surrogate", "value")}


@pytest.mark.parametrize(
    "config",
    [CONFIG, replace(CONFIG, stage="wmp", policy="blind"), replace(CONFIG, stage="wmp", policy="recurrent")],
)
def test_a_resumed_run_continues_exactly_as_the_uninterrupted_one(tmp_path, config):
    first = Runner(tmp_path / "run", config, threads=1)
    first.run(time_limit=60, iterations=3, report=lambda line: None)
    expected = [next_losses(first) for _ in range(2)]
    second = Runner(tmp_path / "run", config, threads=1, resume=True)
    assert [next_losses(second) for _ in range(2)] == expected


def test_the_teacher_observes_the_height_map_and_no_image(tmp_path):
    learner = Runner(tmp_path / "run", CONFIG, threads=1).learner
    assert learner.obs["surroundings"].shape == (12, 187 + 17)
    assert not learner.env.cameras.image.any()
    flat = learner.env.curriculum.kind == 0
    height = learner.env.sim.states().position[flat, 2:]
    below = (height - 0.3).clamp(-1, 1) * 5.0
    torch.testing.assert_close(learner.obs["surroundings"][flat, :187], below.expand(-1, 187))
    after = learner.env.step(torch.zeros(12, 12)).observation
    walking = after.tick == 1
    assert walking.any()
    assert torch.equal(after.surroundings[walking], learner.obs["surroundings"][walking])


def test_a_blind_policy_does_not_depend_on_its_surroundings(tmp_path):
    learner = Runner(tmp_path / "run", replace(CONFIG, stage="wmp", policy="blind"), threads=1).learner
    assert "sight" not in learner.obs
    action = learner.actor(learner.obs)
    learner.obs["surroundings"] += 1.0
    assert torch.equal(learner.actor(learner.obs), action)


def test_a_recurrent_policy_depends_on_images_and_its_memory(tmp_path):
    learner = Runner(tmp_path / "run", replace(CONFIG, stage="wmp", policy="recurrent"), threads=1).learner
    assert learner.obs["sight"].shape == (12, 16 * 16)
    first = learner.actor(learner.obs)
    assert not torch.equal(learner.actor(learner.obs), first)
    learner.actor.reset(torch.ones(12))
    assert torch.equal(learner.actor(learner.obs), first)
    learner.actor.reset(torch.ones(12))
    learner.obs["sight"] = learner.obs["sight"] - 0.5
    assert not torch.equal(learner.actor(learner.obs), first)


def test_a_skill_is_taken_over_by_a_run_with_other_robots(tmp_path):
    first = Runner(tmp_path / "a", CONFIG, threads=1)
    first.run(time_limit=60, iterations=1, report=lambda line: None)
    other = Runner(tmp_path / "b", RunConfig("tiny", 10, 4, 2, "obstacles", "teacher"), threads=1)
    other.begin_with(first.checkpoint)
    average = first.learner.average.tensors["teacher.mlp.0.weight"]
    assert torch.equal(other.learner.actor.mlp[0].weight, average)
    assert other.learner.env_steps == first.learner.env_steps


def test_an_unknown_policy_is_refused(tmp_path):
    with pytest.raises(ValueError, match="clairvoyant"):
        Runner(tmp_path, replace(CONFIG, stage="wmp", policy="clairvoyant"))


def test_an_unknown_stage_is_refused(tmp_path):
    with pytest.raises(ValueError, match="sleeping"):
        Runner(tmp_path, RunConfig("tiny", 4, 1, stage="sleeping"))
