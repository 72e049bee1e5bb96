import pytest
import torch

from wmp_training.runner import RunConfig, Runner

CONFIG = RunConfig("tiny", 12, 3, levels=2, task="obstacles", stage="teacher")


def next_losses(runner):
    log = runner.learner.iterate()
    return {name: log[name] for name in ("reward", "surrogate", "value")}


def test_a_resumed_teacher_continues_exactly_as_the_uninterrupted_one(tmp_path):
    first = Runner(tmp_path / "run", CONFIG, threads=1)
    first.run(time_limit=60, iterations=3, report=lambda line: None)
    expected = [next_losses(first) for _ in range(2)]
    second = Runner(tmp_path / "run", CONFIG, threads=1, resume=True)
    assert [next_losses(second) for _ in range(2)] == expected


def test_the_teacher_sees_the_ground_and_no_image(tmp_path):
    learner = Runner(tmp_path / "run", CONFIG, threads=1).learner
    assert learner.obs["surroundings"].shape == (12, 187 + 17)
    assert not learner.env.image.any()
    learner.obs = learner._perceive(learner.env.step(torch.zeros(12, 12)).observation)
    flat = learner.env.curriculum.kind == 0
    height = learner.env.sim.states().position[flat, 2:]
    below = (height - 0.3).clamp(-1, 1) * 5.0
    torch.testing.assert_close(learner.obs["surroundings"][flat, :187], below.expand(-1, 187))


def test_skill_moves_to_a_run_with_other_robots(tmp_path):
    first = Runner(tmp_path / "a", CONFIG, threads=1).learner
    first.iterate()
    tensors, facts = first.state_dict()
    other = Runner(tmp_path / "b", RunConfig("tiny", 10, 4, 2, "obstacles", "teacher"), threads=1).learner
    other.load_skill(tensors, facts)
    assert torch.equal(other.actor.mlp[0].weight, first.actor.mlp[0].weight)
    assert other.env_steps == first.env_steps


def test_an_unknown_stage_is_refused(tmp_path):
    with pytest.raises(ValueError, match="sleeping"):
        Runner(tmp_path, RunConfig("tiny", 4, 1, stage="sleeping"))
