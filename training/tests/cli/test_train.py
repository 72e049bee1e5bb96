"""`wmp train` refuses mistakes before it loads torch or MuJoCo and before it creates anything."""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from wmp_training.cli import train

ROOT = Path(__file__).resolve().parents[3]
#: Runs each command line from stdin; prints its error and the heavy modules loaded by then.
SCRIPT = """
import argparse, json, sys
from wmp_training.cli.train import command

parser = argparse.ArgumentParser()
command.add_arguments(parser)
heavy = ("torch", "mujoco", "numba", "matplotlib")
for words in json.load(sys.stdin):
    try:
        command.run(parser.parse_args(words))
        error = "not refused"
    except command.mistakes as mistake:
        error = str(mistake)
    except SystemExit as usage:
        error = f"exit code {usage.code}"
    print(json.dumps([error, [name for name in heavy if name in sys.modules]]))
"""
#: OUT is a new folder, FILE an existing file, FULL a folder that is not empty.
REFUSED = [
    ("--out OUT --preset smal", "did you mean 'small'?"),
    ("--out OUT --task obstacle", "did you mean 'obstacles'?"),
    ("--out OUT --recipe worm", "did you mean 'warm'?"),
    ("--out OUT --set ppo.epoch=3", "did you mean 'epochs'?"),
    ("--out OUT --set env.terrain_shares.flat=-1", "expected at least 0 each and one above 0"),
    ("--out OUT --without push", "did you mean 'pushes'?"),
    ("--out OUT --recipe warm --task gentle", "task 'gentle' observes no height map, which a teacher needs"),
    ("--out OUT --recipe RECIPE", "recipe mine: stage walk: there is no 'seting', expected some of"),
    ("--out OUT --recipe RECIPE", "did you mean 'settings'?"),
    ("--out OUT --recipe OUT/missing.yaml", "No such file or directory"),
    ("--out OUT --recipe a1 --change-recipe", "give --resume and --recipe too"),
    ("--out OUT --rendered 0.5", "task 'gentle' observes no height map, which the depth predictor"),
    ("--out OUT --threads -1", "--threads is -1, expected 0 or more"),
    ("--out OUT --iterations -1", "--iterations is -1, expected 0 or more"),
    ("--out OUT --resume", "no checkpoint in"),
    ("--out OUT --begin-with OUT", "no checkpoint in"),
    ("--out OUT --randomisation OUT", "No such file or directory"),
    ("--out OUT --time-limit soon", "exit code 2"),
    ("--out OUT --device tpu", "exit code 2"),
    ("--out FILE", "is a file, expected a new folder"),
    ("--out FILE/run", "is a file, expected a folder"),
    ("--out FULL", "is not empty: it holds log.jsonl; name another --out"),
    ("--out FULL --resume", "no checkpoint in"),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """For every mistake, the error and the heavy modules loaded by then; one process answers all of them."""
    folder = tmp_path_factory.mktemp("train")
    places = {"OUT": folder / "out", "FILE": folder / "file", "FULL": folder / "full"}
    places["RECIPE"] = folder / "mine.yaml"
    places["RECIPE"].write_text("stages: [{name: walk, seting: {}}]")
    places["FILE"].touch()
    places["FULL"].mkdir()
    (places["FULL"] / "log.jsonl").touch()
    before = sorted(folder.rglob("*"))
    asked = []
    for words, _ in REFUSED:
        for name, place in places.items():
            words = words.replace(name, str(place))
        asked.append(words.split())
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=json.dumps(asked), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert sorted(folder.rglob("*")) == before
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("index", range(len(REFUSED)), ids=[words for words, _ in REFUSED])
def test_a_mistake_is_refused_before_torch_is_loaded_and_creates_nothing(answers, index):
    error, loaded = answers[index]
    assert REFUSED[index][1] in error
    assert loaded == []


def examples():
    """The commands of ``wmp train --help``, a continued line joined."""
    text = train.EXAMPLES.replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip().startswith("wmp train")]


@pytest.mark.parametrize("example", examples())
def test_the_examples_in_the_help_text_are_accepted(example, tmp_path, monkeypatch):
    (tmp_path / "models").symlink_to(ROOT / "models")
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    train.command.add_arguments(parser)
    args = parser.parse_args(shlex.split(example)[2:])
    if args.resume:
        with pytest.raises(FileNotFoundError, match="no checkpoint in runs/first"):
            train.checked(args)
    else:
        train.checked(args)
    assert [path.name for path in tmp_path.iterdir()] == ["models"]
