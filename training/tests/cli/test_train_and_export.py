import argparse
import json
import math

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from wmp_core.calibration import Calibration
from wmp_core.verification import load_verified, verify
from wmp_training.checkpoint import load_checkpoint
from wmp_training.cli import export, train
from wmp_training.evaluation.metrics import Outcome
from wmp_training.evaluation.trial import Trial
from wmp_training.export import export as exporting
from wmp_training.run_config import RunConfig
from wmp_training.runner import Runner


def call(command, *arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(a) for a in arguments]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    run = tmp_path_factory.mktemp("runs") / "short"
    arguments = ("--preset", "tiny", "--num-envs", 8, "--iterations", 6, "--time-limit", "5m", "--threads", 1)
    assert call(train.command, "--out", run, *arguments) == 0
    return run


def test_a_short_run_writes_a_log_and_a_checkpoint(folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [line["iteration"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert lines[-1]["env_steps"] == 6 * 8 * 8
    assert lines[-1]["world_model"] > 0
    tensors, facts = load_checkpoint(folder / "checkpoint")
    assert facts["config"]["num_envs"] == 8
    assert all(torch.isfinite(v.float()).all() for k, v in tensors.items() if k.startswith("actor."))


def test_a_run_writes_tensorboard_curves(folder):
    (events,) = folder.glob("events.out.tfevents.*")
    curves = EventAccumulator(str(events)).Reload()
    assert [event.step for event in curves.Scalars("surrogate")] == [64 * i for i in range(1, 7)]


@pytest.mark.parametrize("amp", [False, True])
def test_a_resumed_run_continues_exactly_as_the_uninterrupted_one(tmp_path, amp):
    config = RunConfig("tiny", 4, 3, levels=2, amp=amp)

    def next_losses(runner):
        log = runner.learner.iterate()
        names = ("reward", "surrogate", "value", "velocity", "world_model", *(["amp"] if amp else []))
        return {name: log[name] for name in names}

    first = Runner(tmp_path / "run", config, threads=1)
    first.run(time_limit=60, iterations=8, report=lambda line: None)
    expected = [next_losses(first) for _ in range(2)]
    second = Runner(tmp_path / "run", config, threads=1, resume=True)
    assert [next_losses(second) for _ in range(2)] == expected


def test_an_exported_run_is_a_calibrated_bundle_that_the_runtime_accepts(folder, tmp_path, monkeypatch):
    usual = (6.0, 10.0, 0.1, 0.05, 1.0, 2.0, (1.0, 5.0, 9.0), math.nan)
    walked = [Outcome(Trial("flat", 0.5, 1), True, "goal", *usual, 0.8, 5.0, 3.0)] * 20
    monkeypatch.setattr(
        exporting, "run_calibration", lambda bundle, terrains, *rest: walked * (terrains[0] == "flat")
    )
    out = tmp_path / "bundle"
    assert call(export.command, "--run", folder, "--out", out, "--note", "Six iterations.") == 0
    bundle = load_verified(out)
    report = verify(bundle)
    assert report.ok and report.steps == 200
    assert max(report.largest.values()) < 1e-4
    assert bundle.contract.limits.attitude == 0.9
    assert bundle.calibration == Calibration(surprise=3.0, attitude_rate=5.5)
    assert bundle.metadata["env_steps"] == 6 * 8 * 8
    assert bundle.metadata["calibration_episodes"] == {"all": 20, "successful": 20}
    card = (out / "README.md").read_text()
    assert "flat, rough and slope" in card
    assert "Six iterations." in card


@pytest.mark.parametrize(("text", "expected"), [("90", 90), ("90s", 90), ("45m", 2700), ("1.5h", 5400)])
def test_time_limits_are_read_with_units(text, expected):
    assert train.seconds(text) == expected


def test_a_time_limit_that_is_no_time_is_refused():
    with pytest.raises(argparse.ArgumentTypeError, match="soon"):
        train.seconds("soon")
