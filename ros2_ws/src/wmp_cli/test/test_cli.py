"""The wmp command helps newcomers, refuses mistakes in one line and runs the commands of other packages."""

import argparse
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from wmp_cli import cli


def refusal(capsys, *words):
    """The one line with which ``wmp`` refuses these words."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    assert ended.value.code == 2
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1
    return output.err


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    assert "walk a simulated A1" in capsys.readouterr().out


def test_wmp_alone_shows_the_help_with_the_commands_in_the_order_of_use(capsys):
    assert cli.main([]) == 0
    text = capsys.readouterr().out
    headings = ["walk in simulation:", "record and check:", "train:", "deploy on a robot:"]
    assert sorted(headings, key=text.index) == headings
    assert text.index("\n  sim ") < text.index("record and check:") < text.index("\n  record ")
    for name in cli.commands():
        assert text.count(f"\n  {name} ") == 1


def test_every_command_of_the_help_belongs_to_one_group(monkeypatch, capsys):
    install(monkeypatch, "greet", "elsewhere:command")
    monkeypatch.setattr(EntryPoint, "load", lambda self: command)
    assert cli.main([]) == 0
    assert "other commands:\n  greet " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["simm"], "wmp: unknown command 'simm'; did you mean 'sim'?"),
        (["xyz"], "wmp: unknown command 'xyz'; 'wmp' lists the commands"),
        (["bundle", "inf"], "wmp bundle: unknown command 'inf'; did you mean 'info'?"),
        (["sim", "--terain", "gap"], "wmp sim: unrecognised option --terain; did you mean --terrain?"),
        (["sim", "--terain=gap"], "wmp sim: unrecognised option --terain; did you mean --terrain?"),
        (["sim", "--terr", "gap"], "wmp sim: unrecognised option --terr; did you mean --terrain?"),
        (["sim", "--xyz"], "wmp sim: unrecognised option --xyz; 'wmp sim --help' explains the arguments"),
        (["sim", "gap"], "wmp sim: unrecognised argument 'gap'; 'wmp sim --help' explains the arguments"),
        (["sim", "-x"], "wmp sim: unrecognised argument '-x'; 'wmp sim --help' explains the arguments"),
        (["bundle", "info", "--jsn"], "wmp bundle info: unrecognised option --jsn; did you mean --json?"),
        # The option that is required is missing because of the typing mistake.
        (["bundle", "sign", "--kye", "k"], "wmp bundle sign: unrecognised option --kye; did you mean --key?"),
        (["sim", "--pd", "hots"], "wmp sim: --pd is 'hots', expected one of ['host', 'motor']; did you mean"),
        (["sim", "--vx", "fast"], "wmp sim: argument --vx: invalid float value: 'fast'"),
    ],
)  # fmt: skip
def test_a_typing_mistake_is_refused_in_one_line_with_the_nearest_name(words, message, capsys):
    assert refusal(capsys, *words).startswith(message)


@pytest.mark.parametrize("command", ["faults", "doctor"])
def test_an_unknown_kind_or_section_gets_the_nearest_one(command, capsys):
    typed, near = {"faults": ("imu_nam", "imu_nan"), "doctor": ("bundel", "bundle")}[command]
    assert refusal(capsys, command, "--only", typed).endswith(f"; did you mean '{near}'?\n")


def test_an_abbreviated_option_is_refused_in_plugins_too(monkeypatch, capsys):
    install(monkeypatch, "greet", "elsewhere:command")
    monkeypatch.setattr(EntryPoint, "load", lambda self: Polite())
    assert cli.main(["greet", "A1", "--formal"]) == 7
    capsys.readouterr()
    assert "unrecognised option --form; did you mean --formal?" in refusal(capsys, "greet", "A1", "--form")


@pytest.mark.parametrize("module", ["wmp_cli.sim.command", "wmp_recording.recovery"])
def test_ctrl_c_during_an_import_leaves_no_traceback(module, tmp_path):
    program = (
        "import os, signal, sys\n"
        # A test run in the background of a shell inherits a signal that is ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class CtrlC:\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, CtrlC())\n"
        "from wmp_cli.cli import main\n"
        "sys.exit(main(['recover', 'bag', 'new']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "wmp: interrupted\n")


def test_ctrl_c_while_a_command_runs_leaves_no_traceback(monkeypatch, capsys):
    class Interrupted(Greet):
        def run(self, arguments):
            raise KeyboardInterrupt

    monkeypatch.setattr(cli, "commands", lambda: {"greet": Interrupted()})
    assert cli.main(["greet", "A1"]) == 130
    assert capsys.readouterr().err == "wmp: interrupted\n"


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
    ("arguments", "message"),
    [
        (["--bundle", "/nowhere"], "no bundle '/nowhere': not a folder with a bundle.json"),
        (["--params-file", "/nowhere.yaml"], "cannot read the parameter file /nowhere.yaml"),
        (["--duration", "-1"], "--duration is -1"),
        (["--set", "a1_sim/seeds=1"], "a1_sim has no parameter 'seeds'; did you mean 'seed'?"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(arguments, message, tiny_bundle, capsys):
    # Of two --bundle the last one counts.
    assert cli.main(["sim", "--bundle", str(tiny_bundle), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
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


@pytest.mark.parametrize("words", [["teleop"], ["record"], ["play", "bag"], ["sim"]], ids=" ".join)
@pytest.mark.parametrize("domain", ["-1", "233"])
def test_a_ros_domain_that_cannot_exist_is_refused(words, domain, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main([*words, "--domain-id", domain]) == 2
    assert capsys.readouterr().err == f"wmp {words[0]}: --domain-id is {domain}, expected 0 to 232\n"
    assert not any(tmp_path.iterdir())


def test_teleop_needs_a_terminal(capsys):
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


class Polite(Greet):
    """With an option."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--formal", action="store_true")


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


def test_an_error_of_several_lines_is_shown_in_one(tmp_path, capsys):
    file = tmp_path / "parameters.yaml"
    file.write_text("a: [")
    assert cli.main(["sim", "--params-file", str(file)]) == 2
    error = capsys.readouterr().err
    assert "while parsing a flow" in error and error.count("\n") == 1
