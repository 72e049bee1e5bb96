"""A bag is replayed with the bundle that it names; if that is not found, the command says what to do."""

import json
import shutil
from pathlib import Path

import pytest

from wmp_cli.cli import main
from wmp_core import default_bundle
from wmp_core.verification import load_verified
from wmp_replay.bag.writer import write_bag
from wmp_replay.golden_walk import golden_records
from wmp_testing.tiny_bundle import write_tiny_bundle


def bag_of(bundle, folder):
    notes = {"bundle": {"name": bundle.name, "sha256": bundle.sha256}}
    return write_bag(folder, golden_records(bundle), notes)


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """Two bundles and a bag of each."""
    folder = tmp_path_factory.mktemp("originals")
    bundles = [
        load_verified(write_tiny_bundle(folder / name, steps=50, seed=seed)) for seed, name in enumerate("ab")
    ]
    return bundles, [bag_of(bundle, folder / f"bag_of_{bundle.name}") for bundle in bundles]


@pytest.fixture
def models(tmp_path, monkeypatch):
    """models/ of the only checkout in sight, which is empty, and no $WMP_BUNDLE."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WMP_BUNDLE", raising=False)
    monkeypatch.setattr(default_bundle, "__file__", str(tmp_path / "default_bundle.py"))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def replayed_with(*words):
    """Hashes of the bundles that ``wmp replay WORDS`` used, and the verdicts on exactness."""
    assert main(["replay", *map(str, words), "--json", "verdict.json"]) in (0, 1, 2)
    content = json.loads(Path("verdict.json").read_text())
    verdicts = content.get("bags", [content])
    return [(verdict["bundle"]["sha256"], verdict["sections"]["exactness"]["status"]) for verdict in verdicts]


def test_the_named_bundle_is_found_by_its_hash_under_any_folder_name(originals, models):
    (a, b), (bag, _) = originals
    shutil.copytree(b.path, models / "a")
    shutil.copytree(a.path, models / "renamed")
    assert replayed_with(bag) == [(a.sha256, "pass")]


def test_the_bundle_of_the_environment_counts_if_it_has_the_hash(originals, models, monkeypatch):
    (a, b), bags = originals
    shutil.copytree(b.path, models / "b")
    monkeypatch.setenv("WMP_BUNDLE", str(a.path))
    assert replayed_with(*bags) == [(a.sha256, "pass"), (b.sha256, "pass")]


def test_each_of_several_bags_gets_its_own_bundle(originals, models):
    (a, b), bags = originals
    for bundle in (a, b):
        shutil.copytree(bundle.path, models / bundle.name)
    assert replayed_with(*bags) == [(a.sha256, "pass"), (b.sha256, "pass")]


def test_a_bundle_that_is_not_found_is_named_with_the_places_and_the_remedy(originals, models, capsys):
    (a, b), (bag, _) = originals
    shutil.copytree(b.path, models / "b")
    assert main(["replay", str(bag)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"names bundle {a.name} ({a.sha256[:12]}), which was not found" in line
    assert f"looked at {models / 'b'}; give its folder with --bundle" in line


def test_a_given_bundle_wins_and_a_mismatch_is_reported(originals, models, capsys):
    (a, b), (bag, _) = originals
    for bundle in (a, b):
        shutil.copytree(bundle.path, models / bundle.name)
    assert replayed_with(bag, "--bundle", "b") == [(b.sha256, "fail")]
    assert (
        f"recorded with bundle a ({a.sha256[:12]}), replayed with b ({b.sha256[:12]})"
        in capsys.readouterr().out
    )


def test_a_bag_that_names_none_gets_the_default_and_the_command_says_so(originals, models, tmp_path, capsys):
    (a, _), _ = originals
    bag = write_bag(tmp_path / "foreign", golden_records(a))
    assert main(["replay", str(bag)]) == 2
    assert "no bundle 'a1_wmp_v1'" in capsys.readouterr().err
    default = models / default_bundle.DEFAULT_BUNDLE.name
    shutil.copytree(a.path, default)
    assert replayed_with(bag) == [(a.sha256, "pass")]
    assert f"{bag} names no bundle; replayed with the default, {default}" in capsys.readouterr().err
