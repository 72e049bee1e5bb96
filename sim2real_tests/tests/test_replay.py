"""From bag to verdict, through the `wmp replay` command."""

import json
from xml.etree import ElementTree

import pytest
import yaml

from wmp_cli.cli import main
from wmp_core.verification import load_verified
from wmp_replay import Reference, Status, Thresholds, UnusableReferenceError, replay
from wmp_replay.bag.writer import write_bag
from wmp_replay.errors import ThresholdError
from wmp_replay.golden_walk import golden_records
from wmp_replay.reference import find_reference
from wmp_testing.tiny_bundle import write_tiny_bundle

SECTIONS = ["integrity", "exactness", "prediction", "surprise", "latent", "dynamics"]


def test_the_golden_walk_passes_where_it_is_compared_with_itself(golden_bag, tiny_bundle):
    verdict = replay(golden_bag, tiny_bundle)
    assert [section.name for section in verdict.sections] == SECTIONS
    for name in ("integrity", "exactness", "latent"):
        assert verdict.section(name).status is not Status.FAIL, verdict.section(name)
    assert "golden trajectory" in verdict.reference.source


def test_a_bundle_other_than_the_recorded_one_fails_the_verdict(golden_bag, tmp_path):
    other = load_verified(write_tiny_bundle(tmp_path / "other", steps=150, seed=8))
    verdict = replay(golden_bag, other)
    assert verdict.section("integrity").status is Status.FAIL
    assert verdict.section("exactness").status is Status.FAIL
    assert "give the one that walked" in verdict.section("integrity").findings[1].text


def test_a_truncated_bag_gives_a_partial_report(tiny_bundle, tmp_path):
    bag = write_bag(tmp_path / "bag", list(golden_records(tiny_bundle)) * 4)
    (file,) = bag.glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    verdict = replay(bag, tiny_bundle)
    assert verdict.to_dict()["partial"] is True
    assert any("this report is partial" in finding.text for finding in verdict.section("integrity").findings)


def test_the_command_writes_verdict_and_junit_and_exits_with_the_verdict(
    golden_bag, tiny_bundle, tmp_path, capsys
):
    files = {name: tmp_path / name for name in ("verdict.json", "junit.xml", "random.yaml")}
    code = main([
        "replay", str(golden_bag), "--bundle", str(tiny_bundle.path), "--json", str(files["verdict.json"]),
        "--junit", str(files["junit.xml"]), "--randomisation", str(files["random.yaml"]),
    ])  # fmt: skip
    verdict = json.loads(files["verdict.json"].read_text())
    assert code == ["pass", "warn", "fail"].index(verdict["verdict"])
    assert list(verdict["sections"]) == SECTIONS
    assert verdict["sections"]["exactness"]["figures"]["compared"]["action"] == 150
    cases = ElementTree.parse(files["junit.xml"]).findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == SECTIONS
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failed == [name for name in SECTIONS if verdict["sections"][name]["status"] == "fail"]
    assert "action_delay" in yaml.safe_load(files["random.yaml"].read_text())
    assert "real time" in capsys.readouterr().out


def test_a_missing_bag_is_refused_in_one_line(tiny_bundle, tmp_path, capsys):
    assert main(["replay", str(tmp_path / "none"), "--bundle", str(tiny_bundle.path)]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_calibration_stores_a_reference_that_the_next_replay_uses(tiny_bundle, golden_bag, tmp_path):
    own = load_verified(write_tiny_bundle(tmp_path / "own", steps=150))
    bag = write_bag(tmp_path / "bag", golden_records(own), {"bundle": {"name": "own", "sha256": own.sha256}})
    assert main(["replay", "--calibrate", str(bag), str(bag), "--bundle", str(own.path)]) == 0
    verdict = replay(bag, own)
    assert verdict.reference.source == "2 simulated walks of this bundle, 6 s"
    assert load_verified(own.path).sha256 == own.sha256  # the reference is no part of what is hashed
    with pytest.raises(UnusableReferenceError, match="belongs to bundle"):
        Reference.load(own.path / "replay_reference.npz", tiny_bundle)


def test_a_reference_is_saved_under_its_name_without_suffix(tiny_bundle, tmp_path):
    known = find_reference(tiny_bundle, 1e-4)
    known.save(tmp_path / "mine")
    again = Reference.load(tmp_path / "mine", tiny_bundle)
    assert again.source == known.source and again.surprise == known.surprise


def test_walks_of_another_bundle_calibrate_nothing(golden_bag, tmp_path, capsys):
    other = write_tiny_bundle(tmp_path / "other", steps=150, seed=8)
    assert main(["replay", "--calibrate", str(golden_bag), "--bundle", str(other)]) == 2
    assert "these walks were not made with other" in capsys.readouterr().err


def test_own_thresholds_change_what_they_name_and_nothing_else(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("surprise:\n  share_above: [0.5, 0.9]\n")
    mine, shipped = Thresholds.load(file), Thresholds.load()
    assert tuple(mine.surprise["share_above"]) == (0.5, 0.9)
    assert mine.prediction == shipped.prediction


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("surprises: {}", "'surprises' is no section"),
        ("surprise: {share: [0, 1]}", "surprise.share is unknown"),
        ("surprise: {share_above: [0.5, 0.1]}", "expected \\[warn, fail\\]"),
        ("exactness: {tolerance: -1}", "expected a positive number"),
        ("[", "cannot be read as YAML"),
    ],
)
def test_wrong_thresholds_are_refused(tmp_path, text, message):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ThresholdError, match=message):
        Thresholds.load(tmp_path / "mine.yaml")
