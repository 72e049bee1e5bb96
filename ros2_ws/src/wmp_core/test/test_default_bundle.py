from pathlib import Path

import pytest

from wmp_core import default_bundle
from wmp_core.default_bundle import DEFAULT_BUNDLE, resolve_bundle


@pytest.fixture(autouse=True)
def no_bundle_in_the_environment(monkeypatch):
    monkeypatch.delenv("WMP_BUNDLE", raising=False)


@pytest.fixture
def outside_every_checkout(tmp_path, monkeypatch):
    """Working directory and package are in a folder without models/."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(default_bundle, "__file__", str(tmp_path / "installed" / "default_bundle.py"))


def make_bundle(folder):
    folder.mkdir(parents=True)
    (folder / "bundle.json").touch()
    return folder


def test_a_bundle_folder_resolves_to_its_absolute_path(tmp_path, monkeypatch):
    bundle = make_bundle(tmp_path / "runs" / "mine")
    monkeypatch.chdir(tmp_path)
    assert resolve_bundle("runs/mine") == bundle
    assert resolve_bundle(str(bundle)) == bundle


def test_a_bare_name_resolves_under_models_of_the_checkout_around_the_working_directory(
    tmp_path, monkeypatch
):
    bundle, below = make_bundle(tmp_path / "models" / "mine"), tmp_path / "bags" / "today"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert resolve_bundle("mine") == bundle


def test_a_bare_name_resolves_under_models_of_the_packages_own_checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve_bundle("a1_wmp_v1") == Path(__file__).resolve().parents[4] / "models" / "a1_wmp_v1"


def test_a_folder_in_the_working_directory_precedes_one_of_the_same_name_under_models(tmp_path, monkeypatch):
    make_bundle(tmp_path / "models" / "mine")
    near = make_bundle(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert resolve_bundle("mine") == near


def test_a_path_is_not_searched_under_models(tmp_path, monkeypatch):
    make_bundle(tmp_path / "models" / "mine")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="no bundle 'elsewhere/mine'"):
        resolve_bundle("elsewhere/mine")


def test_an_unknown_name_lists_what_exists_and_the_nearest(tmp_path, outside_every_checkout):
    make_bundle(tmp_path / "models" / "a1_first")
    make_bundle(tmp_path / "models" / "a1_second")
    (tmp_path / "models" / "notes").mkdir()
    with pytest.raises(FileNotFoundError) as refusal:
        resolve_bundle("a1_secnd")
    assert str(refusal.value).endswith("models/ has a1_first, a1_second; did you mean 'a1_second'?")


def test_without_a_name_the_environment_precedes_the_default(tmp_path, monkeypatch):
    make_bundle(tmp_path / DEFAULT_BUNDLE)
    mine = make_bundle(tmp_path / "models" / "mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WMP_BUNDLE", "models/mine")
    assert resolve_bundle(None) == resolve_bundle() == mine


def test_a_given_name_precedes_the_environment(tmp_path, monkeypatch):
    default = make_bundle(tmp_path / DEFAULT_BUNDLE)
    make_bundle(tmp_path / "models" / "mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WMP_BUNDLE", "models/mine")
    assert resolve_bundle(DEFAULT_BUNDLE.name) == default


def test_the_checkout_around_the_working_directory_precedes_that_of_the_package(tmp_path, monkeypatch):
    bundle, below = make_bundle(tmp_path / DEFAULT_BUNDLE), tmp_path / "bags" / "today"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert resolve_bundle() == bundle


def test_outside_a_checkout_the_packages_own_default_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve_bundle() == Path(__file__).resolve().parents[4] / DEFAULT_BUNDLE


def test_without_any_bundle_the_error_says_how_to_give_one(outside_every_checkout):
    with pytest.raises(FileNotFoundError, match="give a bundle's folder with --bundle or WMP_BUNDLE"):
        resolve_bundle()
