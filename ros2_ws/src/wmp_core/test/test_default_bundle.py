from pathlib import Path

import pytest

from wmp_core import default_bundle
from wmp_core.default_bundle import DEFAULT_BUNDLE, find_bundle


@pytest.fixture(autouse=True)
def nothing_is_named(monkeypatch):
    monkeypatch.delenv("WMP_BUNDLE", raising=False)


def checkout(folder):
    """A checkout with the default bundle in ``folder``."""
    bundle = folder / DEFAULT_BUNDLE
    bundle.mkdir(parents=True)
    (bundle / "bundle.json").touch()
    return bundle


def test_what_the_environment_names_counts_first(tmp_path, monkeypatch):
    checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WMP_BUNDLE", "models/mine")
    assert find_bundle() == tmp_path / "models" / "mine"


def test_the_checkout_around_the_working_directory_counts_before_that_of_the_package(tmp_path, monkeypatch):
    bundle, below = checkout(tmp_path), tmp_path / "bags" / "today"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_bundle() == bundle


def test_from_anywhere_else_the_packages_own_checkout_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_bundle() == Path(__file__).resolve().parents[4] / DEFAULT_BUNDLE


def test_without_any_it_is_said_how_to_name_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(default_bundle, "__file__", str(tmp_path / "installed" / "default_bundle.py"))
    with pytest.raises(FileNotFoundError, match="name one with --bundle or WMP_BUNDLE"):
        find_bundle()
