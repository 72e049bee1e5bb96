from functools import partial, partialmethod
from pathlib import Path
from shutil import copytree

import pytest

from wmp_cli.cli import main
from wmp_testing.tiny_bundle import write_tiny_bundle
from wmp_training.evaluation import evaluate, evaluate_gait, through_graph
from wmp_training.evaluation.episodes import run_trials
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.report import Report


def call(*arguments, command="eval"):
    return main([command, *map(str, arguments)])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


CELL = ("--terrain", "tilt", "--difficulty", "0.5", "--episodes", 1, "--threads", 1)


def set_duration(monkeypatch, duration):
    monkeypatch.setattr(Protocol, "__init__", partialmethod(Protocol.__init__, duration=duration))


@pytest.fixture
def brief(monkeypatch):
    """Episodes of a few steps: enough to evaluate, too short to succeed."""
    set_duration(monkeypatch, 0.2)


def test_an_evaluation_prints_a_table_and_writes_the_requested_files(bundle, tmp_path, capsys, monkeypatch):
    set_duration(monkeypatch, 1.6)  # just long enough for one open-loop prediction
    files = {"--json": "out.json", "--plot": "out.png", "--open-loop": "open_loop.png"}
    words = [word for option, file in files.items() for word in (option, tmp_path / file)]
    assert call("--bundle", bundle, *CELL, "--blind", *words) == 0
    printed = capsys.readouterr()
    assert "| tilt | 0.50 | nominal |" in printed.out and "[1/1] tilt 0.50" in printed.err
    report = Report.load(tmp_path / "out.json")
    assert report.protocol.blind == "far" and len(report.outcomes) == 1
    assert list(report.open_loop) == ["tilt"] and "persistence" in printed.out
    assert all((tmp_path / file).exists() for file in files.values())


def test_an_interrupted_evaluation_keeps_its_cells_and_resumes_exactly(
    bundle, tmp_path, capsys, monkeypatch, brief
):
    command = (
        "--bundle",
        bundle,
        "--terrain",
        "flat,gap",
        "--difficulty",
        "0.5",
        "--episodes",
        1,
        "--seeds",
        "0,7",
    )
    whole, parts = tmp_path / "whole.json", tmp_path / "parts.json"
    assert call(*command, "--json", whole) == 0

    def interrupted(candidate, trials, *rest):
        if trials[0].terrain == "gap":
            raise KeyboardInterrupt
        return run_trials(candidate, trials, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "run_trials", interrupted)
        assert call(*command, "--json", parts) == 130
    assert "stopped after 1 of 2 cells; --resume" in capsys.readouterr().err
    assert [cell.terrain for cell in Report.load(parts).cells] == ["flat"]
    assert call(*command, "--json", parts, "--resume") == 0
    assert parts.read_text() == whole.read_text()
    assert list(Report.load(parts).cells[0].by_seed) == [0, 7]


def test_evaluations_are_compared_and_go_into_the_card(bundle, tmp_path, capsys, brief):
    own = Path(copytree(bundle, tmp_path / "tiny"))
    files = [tmp_path / "seeing.json", tmp_path / "blinded.json"]
    assert call("--bundle", own, *CELL, "--json", files[0]) == 0
    assert call("--bundle", own, *CELL, "--json", files[1], "--blind") == 0
    out = tmp_path / "new" / "table.md"
    assert call(*files, "--names", "a,b", "--out", out, command="compare") == 0
    assert out.read_text().startswith("| % at 0.5 | a | b |")
    assert out.read_text() in capsys.readouterr().out
    card = ("--bundle", own, "--evaluation", files[0], "--blinded", files[1])
    assert call(*card, command="card") == 0
    assert "| tilt | 0.50 | nominal | 0% |" in (own / "README.md").read_text()
    assert call(*files, "--names", "a", command="compare") == 2
    assert call("--bundle", own, "--evaluation", own / "README.md", command="card") == 2
    assert "README.md is no evaluation" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--terrain", "lava"), "lava"),
        (("--difficulty", "2"), "2.0"),
        (("--condition", "delay_200"), "delay_20"),
        (("--condition", "delay_20", "--through-graph"), "nominal robot"),
        (("--episodes", 0), "--episodes"),
        (("--resume",), "--json"),
        (("--sim", "menagerie"), "--a1-model"),
        (("--seeds", "1,1"), "twice"),
    ],
)
def test_wrong_arguments_are_named_in_the_error(bundle, capsys, arguments, named):
    assert call("--bundle", bundle, *arguments) == 2
    assert named in capsys.readouterr().err


def test_the_gait_is_evaluated_on_request(bundle, tmp_path, capsys, monkeypatch, brief):
    monkeypatch.setattr(evaluate_gait, "STANDING", 0.2)
    standing = partial(evaluate_gait.evaluate_gait, speeds=(0.0,))
    monkeypatch.setattr(evaluate_gait, "evaluate_gait", standing)
    assert call("--bundle", bundle, *CELL, "--gait", "--json", tmp_path / "out.json") == 0
    assert "| commanded m/s |" in capsys.readouterr().out
    assert [each.speed for each in Report.load(tmp_path / "out.json").gait] == [0.0]


def test_conditions_are_listed_without_a_bundle(capsys):
    assert call("--condition", "list") == 0
    assert "delay_20        action_delay 0.02\n" in capsys.readouterr().out


def test_every_condition_has_its_cell_on_the_same_tracks(bundle, tmp_path, capsys, brief):
    conditions = ("--condition", "nominal,real_stack")
    assert call("--bundle", bundle, *CELL, *conditions, "--json", tmp_path / "out.json") == 0
    report = Report.load(tmp_path / "out.json")
    assert report.conditions == ["nominal", "real_stack"] and report.is_complete
    nominal, changed = report.outcomes
    assert nominal["seed"] == changed["seed"] and nominal["progress"] != changed["progress"]
    assert "| tilt | 0.50 | real_stack | 0% |" in capsys.readouterr().out


def test_a_folder_that_is_no_bundle_is_refused(tmp_path, capsys):
    assert call("--bundle", tmp_path) == 2
    assert "bundle.json" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[]", '{"walk_s": 2.0}', '{"format": 4, "candidate": "me"}', "no JSON"])
@pytest.mark.parametrize("words", ["eval --resume --json", "card --evaluation", "card --compare", "compare"])
def test_a_file_that_is_no_evaluation_is_refused_in_one_line(bundle, tmp_path, capsys, words, text):
    foreign = tmp_path / "foreign.json"
    foreign.write_text(text)
    command, *options = words.split()
    whose = () if command == "compare" else ("--bundle", bundle)
    assert call(*whose, *options, foreign, command=command) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"wmp {command}: {foreign} is no evaluation: ")
    assert foreign.read_text() == text


def test_a_graph_that_does_not_run_is_reported_in_one_line(bundle, tmp_path, capsys, monkeypatch, brief):
    broken = tmp_path / "wmp"
    broken.write_text("#!/bin/sh\necho 'wmp sim: no ROS domain\nis free' >&2\nexit 2\n")
    broken.chmod(0o755)
    monkeypatch.setattr(through_graph.shutil, "which", lambda *_, **__: str(broken))
    assert call("--bundle", bundle, *CELL, "--through-graph", "--json", tmp_path / "out.json") == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("wmp eval: wmp sim ended with 2 on Trial(terrain='tilt'")
    assert line.endswith(": wmp sim: no ROS domain is free")
