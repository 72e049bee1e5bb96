import argparse
import json

import pytest

from wmp_core.testing.tiny_bundle import write_tiny_bundle
from wmp_training.cli import eval as eval_command


def call(*arguments):
    parser = argparse.ArgumentParser()
    eval_command.command.add_arguments(parser)
    return eval_command.command.run(parser.parse_args([str(a) for a in arguments]))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


def test_an_evaluation_prints_a_table_and_writes_what_was_asked_for(bundle, tmp_path, capsys):
    files = ("--json", tmp_path / "out.json", "--plot", tmp_path / "out.png")
    cell = ("--terrains", "tilt", "--levels", "0.5", "--episodes", 1, "--threads", 1)
    assert call("--bundle", bundle, *cell, "--blind", *files, "--foresight", tmp_path) == 0
    printed = capsys.readouterr()
    assert "| tilt | 0.50 |" in printed.out and "[1/1] tilt 0.50" in printed.err
    data = json.loads((tmp_path / "out.json").read_text())
    assert data["protocol"]["blind"] == "far" and len(data["episodes"]) == 1
    assert (tmp_path / "out.png").exists()
    assert list(data["foresight"]) == ["tilt"] and "persistence" in printed.out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("--terrains", "lava"), "lava"), (("--levels", "2"), "2.0"), (("--episodes", 0), "--episodes")],
)
def test_wrong_arguments_are_named(bundle, capsys, arguments, named):
    assert call("--bundle", bundle, *arguments) == 2
    assert named in capsys.readouterr().err


def test_a_folder_that_is_no_bundle_is_named(tmp_path, capsys):
    assert call("--bundle", tmp_path) == 2
    assert "bundle.json" in capsys.readouterr().err
