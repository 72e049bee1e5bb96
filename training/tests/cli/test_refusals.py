"""Mistakes in commands that evaluate or export are refused without torch, and nothing is created."""

import json
import subprocess
import sys

import pytest

from wmp_testing.tiny_bundle import write_tiny_bundle

#: Run in a process of its own: which modules are imported says how early the refusal comes.
SCRIPT = """
import sys
from wmp_cli.cli import main

code = main(sys.argv[1:])
heavy = {"torch", "mujoco", "matplotlib"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else code)
"""
#: BUNDLE exists, RUN is an empty folder, FILE is a text file, OUT does not exist.
REFUSED = [
    ("eval --bundle BUNDLE --terrain stair_up --json OUT", "did you mean 'stairs_up'?"),
    (
        "eval --bundle BUNDLE --difficulty 0.5,1.5 --json OUT",
        "difficulty is 1.5, expected a number in [0, 1.2]",
    ),
    ("eval --bundle a1_wmp_v9 --json OUT", "did you mean 'a1_wmp_v1'?"),
    ("eval --run RUN --json OUT", "no checkpoint in RUN"),
    ("eval --bundle BUNDLE --json FILE/eval.json", "cannot be created: FILE is a file"),
    ("eval --bundle BUNDLE --json FILE", "--resume continues it, --overwrite replaces it"),
    ("eval --bundle BUNDLE --plot FILE", "--overwrite replaces it"),
    ("eval --bundle BUNDLE --open-loop FILE", "--overwrite replaces it"),
    ("eval --bundle BUNDLE --resume --json OUT", "OUT is no evaluation: the file does not exist"),
    ("eval --bundle BUNDLE --seeds one --json OUT", "seed is 'one', expected a whole number"),
    ("film --bundle BUNDLE --terrain lava --out OUT", "terrain is 'lava', expected one of"),
    ("film --bundle BUNDLE --difficulty -1 --out OUT", "difficulty is -1.0, expected a number in [0, 1.2]"),
    ("film --bundle a1_wmp_v9 --out OUT", "models/ has"),
    ("film --bundle BUNDLE --out FILE", "--overwrite replaces it"),
    ("film --bundle BUNDLE --out FILE/film.webp", "cannot be created: FILE is a file"),
    ("export --run RUN --out OUT", "no checkpoint in RUN"),
    ("export --run RUN --episodes -1 --out OUT", "--episodes is -1, expected at least 0"),
    ("gate --run RUN", "no checkpoint in RUN"),
    ("gate --run RUN --difficulty 3", "difficulty is 3.0, expected a number in [0, 1]"),
    ("gate --run RUN --robots 0", "--robots is 0, expected at least 1"),
    ("card --bundle a1_wmp_v9", "did you mean 'a1_wmp_v1'?"),
    ("card --bundle BUNDLE --evaluation OUT", "OUT is no evaluation: the file does not exist"),
    ("compare OUT", "OUT is no evaluation: the file does not exist"),
    ("compare FILE --out FILE", "--overwrite replaces it"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=[words for words, _ in REFUSED])
def test_a_mistake_is_refused_in_one_line_before_torch_is_imported(words, message, tmp_path):
    named = {"BUNDLE": write_tiny_bundle(tmp_path / "bundle"), "RUN": tmp_path / "run"}
    named |= {"FILE": tmp_path / "file.txt", "OUT": tmp_path / "new" / "out"}
    named["RUN"].mkdir()
    named["FILE"].write_text("mine")
    for name, path in named.items():
        words, message = words.replace(name, str(path)), message.replace(name, str(path))
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run([sys.executable, "-c", SCRIPT, *words.split()], capture_output=True, text=True)
    (line,) = done.stderr.strip().splitlines()
    assert done.returncode == 2 and line.startswith(f"wmp {words.split()[0]}: ")
    assert message in line
    assert sorted(tmp_path.rglob("*")) == before and named["FILE"].read_text() == "mine"


def test_an_existing_bundle_is_exported_to_only_with_overwrite(tmp_path):
    bundle, run = write_tiny_bundle(tmp_path / "bundle"), tmp_path / "run"
    (run / "checkpoint").mkdir(parents=True)
    (run / "checkpoint" / "state.json").write_text(json.dumps({"config": {}}))
    words = ["export", "--run", str(run), "--out"]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *words, str(bundle)], capture_output=True, text=True)
    assert done.returncode == 2 and "all of it would be lost: " in done.stderr
    assert "golden.npz" in done.stderr and "--overwrite" in done.stderr
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").touch()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words, str(tmp_path / "notes"), "--overwrite"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "is not empty: it holds todo.txt" in done.stderr
