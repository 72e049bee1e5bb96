"""The wmp command teaches, refuses in one line, and takes in the commands of other packages."""

import argparse
import sys
from importlib.metadata import EntryPoint

import pytest

from wmp_cli import cli


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    assert "walk a simulated A1" in capsys.readouterr().out


def test_help_of_sim_shows_units_defaults_examples_and_exit_codes(capsys):
    with pytest.raises(SystemExit):
        cli.main(["sim", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for part in ("--vx m/s", "default: 0.5 m/s", "wmp sim --lockstep", "exit code: 0"):
        assert part in text


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out.startswith("wmp 0.")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--bundle", "/nowhere"], "no bundle '/nowhere': it is no folder with a bundle.json"),
        (["--params-file", "/nowhere.yaml"], "cannot read the parameter file /nowhere.yaml"),
        (["--duration", "-1"], "--duration is -1"),
        (["--set", "a1_sim/seeds=1"], "a1_sim has no parameter 'seeds', perhaps seed is meant"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(arguments, complaint, tiny_bundle, capsys):
    # Of two --bundle the last one counts.
    assert cli.main(["sim", "--bundle", str(tiny_bundle), *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def test_what_needs_a_package_that_is_missing_says_how_to_get_it(monkeypatch, capsys):
    class Learns:
        help = "learn"

        def add_arguments(self, parser):
            pass

        def run(self, arguments):
            import a_package_that_nobody_has  # noqa: F401

    monkeypatch.setattr(cli, "commands", lambda: {"learn": Learns()})
    assert cli.main(["learn"]) == 2
    error = capsys.readouterr().err
    assert "wmp learn: needs the Python package a_package_that_nobody_has" in error
    assert "make setup-test" in error and error.count("\n") == 1
    with pytest.raises(ModuleNotFoundError):
        cli.main(["--traceback", "learn"])


def test_an_existing_bag_is_never_written_over(tiny_bundle, tmp_path, capsys):
    assert cli.main(["sim", "--bundle", str(tiny_bundle), "--record", str(tmp_path)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_teleop_needs_a_terminal_and_a_domain_that_exists(capsys):
    assert cli.main(["teleop", "--domain-id", "300"]) == 2
    assert "--domain-id is 300, expected 0 to 232" in capsys.readouterr().err
    assert cli.main(["teleop"]) == 1  # a test's standard input is no terminal
    assert "needs a terminal" in capsys.readouterr().err


class Greet:
    """A plug-in as another package would write it."""

    help = "say hello"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name")

    def run(self, arguments: argparse.Namespace) -> int:
        sys.stdout.write(f"hello {arguments.name}\n")
        return 7


command = Greet()


def install(monkeypatch, name, value):
    entry = EntryPoint(name, value, cli.PLUGIN_GROUP)
    monkeypatch.setattr(cli, "entry_points", lambda group: [entry])


def test_a_plugin_is_a_command_like_any_other(monkeypatch, capsys):
    monkeypatch.setattr(EntryPoint, "load", lambda self: command)
    install(monkeypatch, "greet", "elsewhere:command")
    assert cli.main(["greet", "A1"]) == 7
    assert capsys.readouterr().out == "hello A1\n"


class Refuse(Greet):
    """A plug-in whose user may be wrong in one way."""

    mistakes = (ValueError,)

    def run(self, arguments: argparse.Namespace) -> int:
        raise {"nobody": ValueError, "bug": TypeError}[arguments.name]("no such name")


def test_a_mistake_that_a_plugin_declares_is_refused_in_one_line_and_no_other(monkeypatch, capsys):
    monkeypatch.setattr(EntryPoint, "load", lambda self: Refuse())
    install(monkeypatch, "greet", "elsewhere:command")
    assert cli.main(["greet", "nobody"]) == 2
    assert capsys.readouterr().err == "wmp greet: no such name\n"
    with pytest.raises(TypeError):
        cli.main(["greet", "bug"])
    with pytest.raises(ValueError, match="no such name"):
        cli.main(["--traceback", "greet", "nobody"])


def test_a_plugin_without_its_dependencies_says_what_to_install(monkeypatch, capsys):
    install(monkeypatch, "train", "a_package_nobody_has.train:command")
    assert cli.main(["train", "--steps", "5"]) == 2
    error = capsys.readouterr().err
    assert "needs the Python package a_package_nobody_has" in error
    assert error.count("\n") == 1
