"""The wmp command shows help, refuses mistakes in one line, and includes the commands of other packages."""

import argparse
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from wmp_cli import cli
from wmp_cli import commands as commands_module


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    assert "walk a simulated A1" in capsys.readouterr().out


def test_without_a_command_wmp_prints_its_help(capsys):
    assert cli.main([]) == 0
    bare = capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert bare == capsys.readouterr().out


def test_the_help_groups_the_commands_for_a_newcomer(capsys):
    cli.main([])
    text = capsys.readouterr().out
    headings = [text.index(f"\n{heading}:\n") for heading in ("walk", "record and check", "train", "deploy")]
    assert headings == sorted(headings)
    assert text.index("'wmp sim'") < headings[0] < text.index("\n  sim ") < headings[1]
    assert all(f"\n  {name} " in text for name in cli.commands())


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("simm", "wmp: unknown command 'simm'; did you mean 'sim'?"),
        ("xyzzy", "wmp: unknown command 'xyzzy'; 'wmp --help' lists them"),
        ("--verison", "wmp: unrecognised option --verison; did you mean --version?"),
        ("sim --terain rough", "wmp sim: unrecognised option --terain; did you mean --terrain?"),
        ("sim --terain=rough", "wmp sim: unrecognised option --terain; did you mean --terrain?"),
        ("sim rough", "wmp sim: unrecognised argument 'rough'"),
        ("bundle veryfy", "wmp bundle: unknown action 'veryfy'; did you mean 'verify'?"),
        ("bundle info --jsn", "wmp bundle info: unrecognised option --jsn; did you mean --json?"),
        ("recover --nwe x", "wmp recover: unrecognised option --nwe"),
        ("recover x", "wmp recover: the following arguments are required: NEW"),
    ],
)
def test_an_unknown_name_is_refused_in_one_line_with_the_nearest(words, error, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words.split())
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"{error}\n"


@pytest.mark.parametrize("words", [["sim", "--dur", "3"], ["doctor", "--wig"], ["faults", "--js", "x.json"]])
def test_an_abbreviated_option_is_refused_with_its_full_name(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    full = {"--dur": "--duration", "--wig": "--wiggle", "--js": "--json"}[words[1]]
    assert capsys.readouterr().err == (
        f"wmp {words[0]}: unrecognised option {words[1]}; did you mean {full}?\n"
    )


def test_a_value_that_is_no_choice_is_refused_with_the_nearest(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["faults", "--only", "imu_na"])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("wmp faults: --only is 'imu_na', expected one of [")
    assert error.endswith("; did you mean 'imu_nan'?\n")


def test_an_error_of_several_lines_is_shown_in_one(tmp_path, capsys):
    file = tmp_path / "parameters.yaml"
    file.write_text("a: [")
    assert cli.main(["sim", "--params-file", str(file)]) == 2
    error = capsys.readouterr().err
    assert "while parsing a flow" in error and error.count("\n") == 1


INTERRUPTED = """
import sys, time
from importlib import metadata
{setup}
from wmp_cli import cli
sys.exit(cli.main({words!r}))
"""


def interrupted(code):
    """Exit code and stderr of a Python program that receives SIGINT once it says that it is ready."""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell that runs the tests in the background has its children ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    return process.returncode, error


WAIT = "print('ready', flush=True); time.sleep(60)"
#: A module of a command that is still being imported.
DURING_IMPORT = f"""
class Slow:
    def find_spec(self, name, path, target=None):
        if name == "wmp_cli.sim.command":
            {WAIT}
sys.meta_path.insert(0, Slow())
"""
#: A command that runs.
DURING_RUN = f"""
from wmp_cli.recording import recover
class Slow(recover.RecoverCommand):
    def run(self, arguments):
        {WAIT}
recover.RecoverCommand = Slow
"""


@pytest.mark.parametrize("setup", [DURING_IMPORT, DURING_RUN], ids=["import", "run"])
def test_ctrl_c_ends_with_130_and_no_traceback(setup):
    words = ["recover", "bag", "new"]
    assert interrupted(INTERRUPTED.format(setup=setup, words=words)) == (130, "wmp: interrupted\n")


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
    ("arguments", "error_text"),
    [
        (["--bundle", "/nowhere"], "no bundle '/nowhere': it is no folder with a bundle.json"),
        (["--params-file", "/nowhere.yaml"], "cannot read the parameter file /nowhere.yaml"),
        (["--duration", "-1"], "--duration is -1"),
        (["--set", "a1_sim/seeds=1"], "a1_sim has no parameter 'seeds'; did you mean 'seed'?"),
    ],
)
def test_a_mistake_is_refused_in_one_line(arguments, error_text, tiny_bundle, capsys):
    # Of two --bundle the last one counts.
    assert cli.main(["sim", "--bundle", str(tiny_bundle), *arguments]) == 2
    error = capsys.readouterr().err
    assert error_text in error
    assert error.count("\n") == 1


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch, capsys):
    class Learn:
        help = "learn"

        def add_arguments(self, parser):
            pass

        def run(self, arguments):
            import a_package_that_nobody_has  # noqa: F401

    monkeypatch.setattr(cli, "commands", lambda: {"learn": Learn()})
    assert cli.main(["learn"]) == 2
    error = capsys.readouterr().err
    assert "wmp learn: needs the Python package a_package_that_nobody_has" in error
    assert "make setup-test" in error and error.count("\n") == 1
    with pytest.raises(ModuleNotFoundError):
        cli.main(["--traceback", "learn"])


def test_an_existing_bag_is_not_overwritten(tiny_bundle, tmp_path, capsys):
    assert cli.main(["sim", "--bundle", str(tiny_bundle), "--record", str(tmp_path)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_teleop_needs_a_terminal_and_a_valid_domain(capsys):
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
    entry = EntryPoint(name, value, commands_module.PLUGIN_GROUP)
    monkeypatch.setattr(commands_module, "entry_points", lambda group: [entry])


def test_a_plugin_is_a_command_like_any_other(monkeypatch, capsys):
    monkeypatch.setattr(EntryPoint, "load", lambda self: command)
    install(monkeypatch, "greet", "elsewhere:command")
    assert cli.main(["greet", "A1"]) == 7
    assert capsys.readouterr().out == "hello A1\n"


class Refuse(Greet):
    """A plug-in that declares one exception as the user's mistake."""

    mistakes = (ValueError,)

    def run(self, arguments: argparse.Namespace) -> int:
        raise {"nobody": ValueError, "bug": TypeError}[arguments.name]("no such name")


def test_only_a_mistake_that_a_plugin_declares_is_refused_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(EntryPoint, "load", lambda self: Refuse())
    install(monkeypatch, "greet", "elsewhere:command")
    assert cli.main(["greet", "nobody"]) == 2
    assert capsys.readouterr().err == "wmp greet: no such name\n"
    with pytest.raises(TypeError):
        cli.main(["greet", "bug"])
    with pytest.raises(ValueError, match="no such name"):
        cli.main(["--traceback", "greet", "nobody"])


def test_a_plugin_without_its_dependencies_names_what_to_install(monkeypatch, capsys):
    install(monkeypatch, "train", "a_package_nobody_has.train:command")
    assert cli.main(["train", "--steps", "5"]) == 2
    error = capsys.readouterr().err
    assert "needs the Python package a_package_nobody_has" in error
    assert error.count("\n") == 1
