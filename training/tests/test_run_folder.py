import argparse
import json
from dataclasses import replace

import pytest
import torch

from wmp_training.average import averaged
from wmp_training.checkpoint import load_checkpoint, put_checkpoint, section
from wmp_training.checkpoint_facts import CheckpointError, load_facts
from wmp_training.cli import checkpoint
from wmp_training.recipe import find_recipe, recipe
from wmp_training.run_config import RunConfig
from wmp_training.run_folder import check_same_recipe, resumed
from wmp_training.runner import Runner
from wmp_training.stop import StopRequest
from wmp_training.train import train

CONFIG = RunConfig("tiny", 12, 3, levels=2, task="obstacles")
ROLLOUT = 12 * 8


TINY = find_recipe("tiny", {"seed": 3})
ONE = find_recipe("wmp", {"preset": "tiny", "num_envs": 12, "seed": 3, "levels": 2, "task": "obstacles"})


def test_a_warm_run_passes_its_skill_from_stage_to_stage(tmp_path):
    train(tmp_path, TINY, threads=1)
    for folder, steps in (("teacher", 2), ("student", 3), (".", 2)):
        assert load_facts(tmp_path / folder / "checkpoint")["env_steps"] == steps * ROLLOUT
    teacher, student, last = (
        load_checkpoint(tmp_path / folder / "checkpoint")[0] for folder in ("teacher", "student", ".")
    )
    assert all(torch.equal(student[f"teacher.{k}"], v) for k, v in averaged("teacher", teacher).items())
    assert not section("teacher", last)
    log = [json.loads(line) for line in (tmp_path / "student" / "log.jsonl").read_text().splitlines()]
    assert {"imitation", "world_model", "map"} <= set(log[-1])


def test_a_stopped_warm_run_continues_in_its_stage(tmp_path):
    assert train(tmp_path, TINY, threads=1, iterations=1) == tmp_path / "teacher" / "checkpoint"
    assert train(tmp_path, TINY, threads=1, resume=True, iterations=1) == (
        tmp_path / "student" / "checkpoint"
    )
    assert load_facts(tmp_path / "teacher" / "checkpoint")["env_steps"] == 2 * ROLLOUT
    assert load_facts(tmp_path / "student" / "checkpoint")["env_steps"] == ROLLOUT


def test_a_resumed_run_keeps_its_configuration_except_for_given_settings(tmp_path):
    train(tmp_path, TINY, threads=1, iterations=2)
    given = {"seed": CONFIG.seed, "without": (), "settings": {"ppo.gamma": 0.98}}
    found = resumed(tmp_path, given)
    assert found.name == "tiny"
    train(tmp_path, found, threads=1, resume=True, iterations=1)
    facts = load_facts(tmp_path / "student" / "checkpoint")
    expected = replace(CONFIG, stage="student", without=[], settings={"ppo.gamma": 0.98})
    assert RunConfig(**facts["config"]) == expected
    assert dict(resumed(tmp_path, {}).given["settings"]) == {"ppo.gamma": 0.98}
    with pytest.raises(CheckpointError, match="is a run with num_envs 12, not 64; leave that option out"):
        resumed(tmp_path, {"num_envs": 64})
    with pytest.raises(CheckpointError, match="at which a run begins and follows ppo.desired_kl"):
        resumed(tmp_path, {"settings": {"ppo.learning_rate": 1e-3}})


def test_a_folder_with_a_run_is_refused(tmp_path):
    train(tmp_path, TINY, threads=1, iterations=0)
    for other in (TINY, ONE):
        with pytest.raises(CheckpointError, match="holds a run; continue it with --resume"):
            train(tmp_path, other, threads=1, iterations=0)
    assert not (tmp_path / "checkpoint").exists()


def test_a_run_of_another_version_is_not_resumed(tmp_path):
    put_checkpoint(tmp_path / "checkpoint", {}, {"config": vars(CONFIG)})
    with pytest.raises(CheckpointError, match=r"another version, whose runs had no recipe.*--begin-with"):
        resumed(tmp_path, {})


def test_a_changed_recipe_is_refused_unless_the_user_says_so(tmp_path):
    train(tmp_path, TINY, threads=1, iterations=1)
    assert load_facts(tmp_path / "teacher" / "checkpoint")["recipe"]["text"] == TINY.text
    other = recipe("tiny", TINY.text.replace("until: 288", "until: 96"), {})
    with pytest.raises(CheckpointError, match="add --change-recipe to go on with the other"):
        check_same_recipe(tmp_path, other)
    check_same_recipe(tmp_path, recipe("tiny", "# a comment\n" + TINY.text, {}))
    changed = resumed(tmp_path, {}, other)
    assert (changed.stages[1].until, changed.stages[1].config.seed) == (96, 3)
    without = recipe("tiny", TINY.text.replace("name: teacher", "name: guide"), {})
    with pytest.raises(CheckpointError, match="in stage 'teacher', expected a recipe with that stage"):
        resumed(tmp_path, {}, without)


def test_a_stage_hands_over_only_what_its_recipe_says(tmp_path):
    train(tmp_path, TINY, threads=1, iterations=2)
    student = load_checkpoint(tmp_path / "student" / "checkpoint")[0]
    last = Runner(tmp_path, TINY.stages[-1].config, threads=1)
    last.begin_with(tmp_path / "student" / "checkpoint", ("actor",))
    for name, same in (("actor", True), ("world_model", False)):
        found = getattr(last.learner.networks, name).state_dict()
        pairs = [(value, found[key]) for key, value in averaged(name, student).items()]
        assert all(torch.equal(*pair) for pair in pairs) == same


def test_scheduled_settings_reach_the_learner_of_a_running_stage(tmp_path):
    schedule = {
        "ppo.entropy": {"linear": [[0, 0.01], [2 * ROLLOUT, 0.0]]},
        "env.rewards.collision": {"steps": [[0, -0.5], [ROLLOUT, -2.0]]},
        "world_model.updates_per_iteration": {"steps": [[0, 1], [ROLLOUT, 0]]},
    }
    runner = Runner(tmp_path, replace(CONFIG, schedule=schedule), threads=1)
    found = []
    for _ in range(3):
        runner.run(time_limit=60, iterations=1, report=lambda line: None)
        learner = runner.learner
        collision = dict(learner.env.rewards.config.rewards)["collision"]
        found.append(
            (learner.ppo.weights["entropy"], collision, learner.trainer.config.updates_per_iteration)
        )
    assert found == [(-0.01, -0.5, 1), (-0.005, -2.0, 0), (0.0, -2.0, 0)]


def test_a_run_records_the_stages_of_its_skill(tmp_path):
    for resume, iterations in ((False, 2), (True, 1), (True, 1)):
        train(tmp_path / "first", TINY, threads=1, resume=resume, iterations=iterations)
    kept = tmp_path / "first" / "checkpoint"
    train(tmp_path / "second", ONE, threads=1, iterations=0, begin_with=kept)
    ancestry = load_facts(tmp_path / "second" / "checkpoint")["ancestry"]
    assert [(stage["stage"], stage["env_steps"]) for stage in ancestry] == [
        ("teacher", 2 * ROLLOUT),
        ("student", 3 * ROLLOUT),
    ]


def test_no_stage_begins_after_the_time_limit(tmp_path):
    short = recipe("short", TINY.text.replace("until: 192", "until: 96", 1), {})
    assert train(tmp_path, short, threads=1, time_limit=0.0) == tmp_path / "teacher" / "checkpoint"
    assert load_facts(tmp_path / "teacher" / "checkpoint")["env_steps"] == ROLLOUT
    assert not (tmp_path / "checkpoint").exists()


def test_no_stage_begins_after_a_stop_during_the_last_save_of_a_stage(tmp_path, monkeypatch):
    stop, save = StopRequest(), Runner.save

    def stopped(runner):
        save(runner)
        stop.requested = True

    monkeypatch.setattr(Runner, "save", stopped)
    assert train(tmp_path, TINY, threads=1, stop=stop) == tmp_path / "teacher" / "checkpoint"
    assert load_facts(tmp_path / "teacher" / "checkpoint")["env_steps"] == 2 * ROLLOUT


@pytest.mark.parametrize(
    ("of", "message"),
    [
        ({"policy": "blind"}, "has the policy 'blind', expected 'wmp'"),
        ({"task": "gentle"}, "has the task 'gentle', expected 'obstacles'"),
        ({"preset": "small"}, "has the preset 'small', expected 'tiny'"),
    ],
)
def test_the_skill_of_a_run_of_another_kind_is_refused(tmp_path, of, message):
    put_checkpoint(tmp_path / "kept", {}, {"config": vars(replace(CONFIG, **of))})
    with pytest.raises(CheckpointError, match=message):
        train(tmp_path / "run", ONE, threads=1, begin_with=tmp_path / "kept")


def test_a_run_that_began_with_a_skill_resumes_in_the_stage_of_that_skill(tmp_path):
    train(tmp_path / "first", TINY, threads=1)
    kept, second = tmp_path / "first" / "student" / "checkpoint", tmp_path / "second"
    train(second, TINY, threads=1, begin_with=kept, iterations=0)
    assert train(second, TINY, threads=1, resume=True) == second / "checkpoint"
    assert not (second / "teacher").exists()


def test_a_run_that_begins_with_a_skill_takes_small_first_steps(tmp_path):
    train(tmp_path / "first", ONE, threads=1, iterations=1)
    kept = tmp_path / "first" / "checkpoint"
    train(tmp_path / "second", ONE, threads=1, iterations=1, begin_with=kept)
    before, after = (
        section("actor", load_checkpoint(tmp_path / run / "checkpoint")[0]) for run in ("first", "second")
    )
    # 2 epochs of 2 mini-batches; Adam's first steps are as long as its rate, which may grow by 1.5 each time.
    most = sum(1e-5 * 1.5**i for i in range(4))
    assert 0.0 < max((after[name] - before[name]).abs().max() for name in before) < 1.5 * most


@pytest.mark.parametrize(("stage", "policy"), [("wmp", "wmp"), ("teacher", "wmp"), ("wmp", "blind")])
def test_a_skill_fits_into_wider_layers_but_not_into_narrower_ones(tmp_path, stage, policy):
    own = replace(CONFIG, stage=stage, policy=policy, without=["noise"])
    first = Runner(tmp_path / "first", own, threads=1)
    first.save()
    wider = Runner(tmp_path / "wider", replace(own, settings={"policy.width": 3}), threads=1)
    wider.begin_with(first.checkpoint)
    actors = [run.learner.ppo.actor for run in (first, wider)]
    assert [actor.mlp[0].out_features for actor in actors] == [16, 48]
    with torch.no_grad():
        before, after = (actor(first.learner.obs) for actor in actors)
    torch.testing.assert_close(after, before)
    wider.save()
    with pytest.raises(CheckpointError, match="policy.width as large"):
        Runner(tmp_path / "narrow", own, threads=1).begin_with(wider.checkpoint)


def test_robots_of_a_run_that_begins_with_a_skill_start_with_the_h_of_its_world_model(tmp_path):
    Runner(tmp_path / "first", CONFIG, threads=1).save()
    second = Runner(tmp_path / "second", replace(CONFIG, seed=9), threads=1)
    second.begin_with(tmp_path / "first" / "checkpoint")
    rssm = second.learner.networks.world_model.rssm
    with torch.no_grad():
        begin = rssm.initial(1)
        expected = rssm.advance(begin.deter, begin.stoch, torch.zeros(1, 5 * 12))
    torch.testing.assert_close(second.learner.obs["deter"], expected.expand(12, -1))


def test_a_student_needs_a_task_with_a_height_map(tmp_path):
    with pytest.raises(ValueError, match="height map"):
        Runner(tmp_path, RunConfig("tiny", 4, 1, stage="student"))


@pytest.mark.parametrize(
    ("stage", "expected"), [("teacher", {"teacher", "student", "."}), ("student", {"student", "."})]
)
def test_a_stripped_checkpoint_begins_a_run_in_its_own_stage(tmp_path, stage, expected):
    train(tmp_path / "first", TINY, threads=1, iterations=1)
    if stage == "student":
        train(tmp_path / "first", TINY, threads=1, iterations=1, resume=True)
    parser = argparse.ArgumentParser()
    checkpoint.command.add_arguments(parser)
    source, kept = str(tmp_path / "first" / stage), tmp_path / "kept"
    assert checkpoint.command.run(parser.parse_args(["--run", source, "--out", str(kept)])) == 0
    assert not any(name.startswith(("replay.", "obs.", "env.i")) for name in load_checkpoint(kept)[0])
    with pytest.raises(CheckpointError, match="kept has the preset 'tiny', expected 'small'"):
        train(tmp_path / "larger", find_recipe("tiny", {"preset": "small"}), threads=1, begin_with=kept)
    train(tmp_path / "second", TINY, threads=1, begin_with=kept)
    started = {f for f in ("teacher", "student", ".") if (tmp_path / "second" / f / "checkpoint").is_dir()}
    assert started == expected
    # One iteration was done before, and the stage keeps its total length.
    assert (
        load_facts(tmp_path / "second" / stage / "checkpoint")["iteration"]
        == {"teacher": 2, "student": 3}[stage]
    )
