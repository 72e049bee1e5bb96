"""Mistakes are refused in one line before anything slow is imported, and nothing is created or lost."""

import re
import shutil
import subprocess
import sys

import pytest

from wmp_cli.cli import main

#: Run in a process of its own: which modules are imported shows how early the refusal comes.
SCRIPT = """
import sys
from wmp_cli.cli import main

code = main(sys.argv[1:])
heavy = {"cv2", "mujoco", "torch", "wmp_replay.verdict"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else code)
"""
#: BAG and BUNDLE exist, EMPTY is a folder without bags, FILE is a text file, OUT does not exist.
REFUSED = [
    ("", "no bag is named"),
    ("OUT", "OUT does not exist; expected a rosbag2 folder"),
    ("BAG OUT", "OUT does not exist; expected a rosbag2 folder"),
    ("EMPTY", "no bag in EMPTY: no folder in it holds .mcap or .db3"),
    ("BAG --bundle a1_wmp_v9", "no bundle 'a1_wmp_v9'"),
    ("BAG --bundle BUNDLE --report FILE", "exists (4 bytes) and would be lost; --overwrite replaces it"),
    ("BAG --bundle BUNDLE --json FILE", "--overwrite replaces it"),
    ("BAG --bundle BUNDLE --junit FILE/verdict.xml", "cannot be created: FILE is a file"),
    ("BAG --bundle BUNDLE --randomisation FILE", "--overwrite replaces it"),
    ("BAG --bundle BUNDLE --report EMPTY", "is a folder, expected the name of a file"),
    ("BAG BAG --bundle BUNDLE --report FILE", "cannot be created: FILE is a file"),
    ("BAG --bundle BUNDLE --baseline OUT", "OUT is no verdict of 'wmp replay --json'"),
    ("BAG --bundle BUNDLE --baseline FILE", "FILE is no verdict of 'wmp replay --json'"),
    ("BAG --bundle BUNDLE --thresholds OUT", "OUT: cannot be read as YAML"),
    ("BAG --bundle BUNDLE --reference OUT", "OUT does not exist; make one with 'wmp replay --calibrate'"),
    ("BAG --bundle BUNDLE --jobs 0", "--jobs is 0, expected at least 1"),
    ("--calibrate --bundle BUNDLE --json OUT", "it excludes --json"),
    ("--calibrate --bundle BUNDLE --reference FILE", "--overwrite replaces it"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=[words for words, _ in REFUSED])
def test_a_mistake_is_refused_before_anything_slow(words, message, golden_bag, tiny_bundle, tmp_path):
    named = {"BUNDLE": tiny_bundle.path, "BAG": golden_bag, "EMPTY": tmp_path / "empty"}
    named |= {"FILE": tmp_path / "file.txt", "OUT": tmp_path / "new" / "out"}
    named["EMPTY"].mkdir()
    named["FILE"].write_text("mine")
    for name, path in named.items():
        words, message = (re.sub(rf"\b{name}\b", str(path), text) for text in (words, message))
    before = sorted(tmp_path.rglob("*"))
    command = [sys.executable, "-c", SCRIPT, "replay", *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("wmp replay: ") and message in line
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before
    assert named["FILE"].read_text() == "mine"


def test_a_reference_is_not_overwritten_silently(golden_bag, tiny_bundle, tmp_path, capsys):
    reference = tmp_path / "mine.npz"
    words = [
        "replay",
        "--calibrate",
        str(golden_bag),
        "--bundle",
        str(tiny_bundle.path),
        "--reference",
        str(reference),
    ]
    assert main(words) == 0
    assert f"wrote {reference}" in capsys.readouterr().out
    assert main(words) == 2
    assert "would be lost" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0


def test_every_file_written_is_named_and_new_folders_are_made(golden_bag, tiny_bundle, tmp_path, capsys):
    outputs = {
        "--report": "a/report.html",
        "--json": "b/v.json",
        "--junit": "c/v.xml",
        "--randomisation": "d/r.yaml",
    }
    options = [word for option, name in outputs.items() for word in (option, str(tmp_path / name))]
    main(["replay", str(golden_bag), "--bundle", str(tiny_bundle.path), *options])
    written = [line for line in capsys.readouterr().out.splitlines() if line.startswith("wrote ")]
    assert sorted(written) == sorted(f"wrote {tmp_path / name}" for name in outputs.values())
    assert all((tmp_path / name).is_file() for name in outputs.values())


def test_the_file_to_write_may_be_the_baseline_to_compare_with(golden_bag, tiny_bundle, tmp_path, capsys):
    """The baseline is read first: a verdict compared with itself would always be fine."""
    verdict = tmp_path / "verdict.json"
    words = ["replay", str(golden_bag), "--bundle", str(tiny_bundle.path), "--json", str(verdict)]
    main(words)
    text = (
        verdict.read_text()
        .replace('"status": "warn"', '"status": "pass"')
        .replace('"status": "fail"', '"status": "pass"')
    )
    verdict.write_text(text)
    bag = shutil.copytree(golden_bag, tmp_path / golden_bag.name)
    (file,) = bag.glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    words[1] = str(bag)
    assert main([*words, "--baseline", str(verdict), "--overwrite"]) == 2
    assert "integrity was pass and is" in capsys.readouterr().out
