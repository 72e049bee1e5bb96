import argparse

import pytest
import torch

from wmp_training.checkpoint import put_checkpoint
from wmp_training.checkpoint_facts import load_facts
from wmp_training.cli import checkpoint, train
from wmp_training.run_config import RunConfig


@pytest.mark.parametrize(("stage", "recipe"), [("teacher", "warm"), ("student", "warm"), ("wmp", "wmp")])
def test_the_command_prints_the_options_of_a_run_that_can_begin_with_the_result(
    tmp_path, capsys, stage, recipe
):
    settings = {"policy.width": 2, "ppo.entropy": 0.0}
    config = RunConfig("tiny", 8, 3, task="obstacles", stage=stage, settings=settings)
    put_checkpoint(tmp_path / "run" / "checkpoint", {"a": torch.zeros(1)}, {"config": vars(config)})
    parser = argparse.ArgumentParser()
    checkpoint.command.add_arguments(parser)
    out = tmp_path / "kept"
    assert checkpoint.command.run(parser.parse_args(["--run", str(tmp_path / "run"), "--out", str(out)])) == 0
    hint = capsys.readouterr().out.partition("wmp train ")[2].split()
    parser = argparse.ArgumentParser()
    train.command.add_arguments(parser)
    found = parser.parse_args(hint)
    assert (found.preset, found.task, found.policy, found.recipe) == ("tiny", "obstacles", "wmp", recipe)
    assert found.set == ["policy.width=2"]
    assert found.begin_with == out


def test_an_existing_checkpoint_is_replaced_only_with_overwrite(tmp_path, capsys):
    for value in ("run", "kept"):
        put_checkpoint(tmp_path / value / "checkpoint", {"a": torch.zeros(1)}, {"config": {"preset": value}})
    parser = argparse.ArgumentParser()
    checkpoint.command.add_arguments(parser)
    arguments = ["--run", str(tmp_path / "run"), "--out", str(tmp_path / "kept" / "checkpoint")]
    with pytest.raises(FileExistsError, match=r"state.safetensors exists .* would be lost; --overwrite"):
        checkpoint.command.run(parser.parse_args(arguments))
    assert load_facts(tmp_path / "kept" / "checkpoint")["config"] == {"preset": "kept"}
    assert checkpoint.command.run(parser.parse_args([*arguments, "--overwrite"])) == 0
    assert load_facts(tmp_path / "kept" / "checkpoint")["config"] == {"preset": "run"}
    assert f"wrote {tmp_path / 'kept' / 'checkpoint'}" in capsys.readouterr().out
