"""`make setup` names what is missing and repeats only the steps whose inputs changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def tools(monkeypatch, tmp_path):
    """The set-up script, working in a temporary folder."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import setup_environment

    monkeypatch.setattr(setup_environment, "RECORDS", tmp_path / "steps")
    return setup_environment


def test_a_step_runs_again_only_when_its_input_changes(tools, tmp_path):
    requirement = tmp_path / "some.txt"
    requirement.write_text("numpy==2.2.6")
    runs = []

    step = tools.Step("something", "name", [requirement], lambda: runs.append(1))
    assert step.run()
    assert not step.run()
    requirement.write_text("numpy==2.2.5")
    assert step.run()
    assert not step.run()
    assert len(runs) == 2


def test_a_failed_step_runs_again(tools, tmp_path):
    requirement = tmp_path / "some.txt"
    requirement.write_text("numpy==2.2.6")

    def fail():
        raise tools.SetupError("no network")

    with pytest.raises(tools.SetupError):
        tools.Step("something", "name", [requirement], fail).run()
    assert tools.Step("something", "name", [requirement], lambda: None).run()


def test_every_missing_program_is_one_line_with_its_package(tools, monkeypatch):
    import system_check

    assert system_check.missing_requirements() == []  # this machine passed `make setup`
    monkeypatch.setattr(system_check.shutil, "which", lambda program: None)
    assert [line.split(": ")[-1] for line in system_check.missing_requirements()] == [
        "apt install gcc", "apt install g++", "apt install cmake", "apt install make",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/tmp/sp ace/wmp", "/tmp/ré/wmp"])
def test_a_path_that_cmake_cannot_handle_is_one_line_before_the_download(tools, monkeypatch, path):
    import system_check

    monkeypatch.setattr(system_check, "ROOT", path)
    [line] = system_check.missing_requirements()
    assert path in line and line.endswith("move the checkout to plain ASCII letters")


def test_a_missing_browser_is_one_line_with_its_package_and_no_error(tools, monkeypatch):
    import system_check

    monkeypatch.setattr(system_check.shutil, "which", lambda program: None)
    [line] = system_check.missing_for_tests()
    assert line.endswith(": apt install chromium")
    monkeypatch.setattr(system_check.shutil, "which", lambda program: f"/usr/bin/{program}")
    assert system_check.missing_for_tests() == []


def test_a_missing_venv_module_and_headers_name_the_packages_of_this_python(tools, monkeypatch):
    import system_check

    monkeypatch.setattr(system_check.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(system_check.sysconfig, "get_path", lambda name: "/nonexistent")
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert [line.split(": ")[-1] for line in system_check.missing_requirements()] == [
        f"apt install {name}-venv", f"apt install {name}-dev",
    ]  # fmt: skip


@pytest.mark.parametrize("version", [(3, 9, 2), (3, 14, 0)])
def test_an_unsupported_python_is_refused(tools, monkeypatch, version):
    import system_check

    monkeypatch.setattr(system_check.sys, "version_info", version)
    [line] = system_check.missing_requirements()
    assert line.startswith("CPython 3.10 to 3.13")


def test_a_missing_library_is_one_line_with_its_package(tools, monkeypatch):
    import system_check

    monkeypatch.setattr(system_check, "LIBRARIES", {"libnothere.so.1": "libnothere1"})
    assert system_check.missing_requirements() == ["libnothere.so.1: apt install libnothere1"]


def test_a_failed_command_shows_the_end_of_its_output(tools, monkeypatch, tmp_path):
    monkeypatch.setattr(tools, "LOG", tmp_path / "setup.log")
    with pytest.raises(tools.SetupError, match="no such package"):
        tools.run(sys.executable, "-c", "print('x' * 99); raise SystemExit('no such package')")
    assert "x" * 99 in (tmp_path / "setup.log").read_text()
