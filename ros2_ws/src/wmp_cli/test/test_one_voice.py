"""An option has one name and one meaning over all commands, and every command explains itself."""

import argparse

import pytest

from wmp_cli import cli

#: What commands may not call a thing, and what it is called.
OTHER_NAMES = {
    "--terrains": "--terrain",
    "--level": "--difficulty",
    "--levels": "--difficulty",
    "--model": "--bundle",
    "--output": "--out",
    "--output-dir": "--out",
    "--force": "--overwrite",
    "--replace": "--overwrite",
    "--domain": "--domain-id",
    "--foresight": "--open-loop",
}
#: Without a file: a flag that replaces what another argument names.
FLAGS = {"--overwrite", "--lockstep", "--verbose", "--yes"}


def parsers():
    """Command -> its parser; actions such as ``bundle info`` count as commands."""
    found, open_ = {}, [("wmp", cli.build_parser(cli.commands()))]
    while open_:
        name, parser = open_.pop()
        below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not below:
            found[name] = parser
        for action in below:
            open_ += [(f"{name} {word}", one) for word, one in action.choices.items()]
    return found


def options(name):
    """Command -> the option called ``name``, where there is one."""
    pairs = [(command, parser._option_string_actions.get(name)) for command, parser in parsers().items()]
    return {command: option for command, option in pairs if option is not None}


@pytest.mark.parametrize("other", OTHER_NAMES)
def test_no_command_has_another_name_for_it(other):
    assert options(other) == {}, f"it is called {OTHER_NAMES[other]}"


@pytest.mark.parametrize("name", ["--json", "--report", "--out", "--record"])
def test_an_output_is_a_path_in_every_command(name):
    assert options(name)
    for command, option in options(name).items():
        assert option.nargs != 0, f"{command} {name} is a flag"
        assert str(option.type).endswith("Path'>"), command


def test_a_json_file_is_replaced_on_request_in_every_command_that_writes_one():
    assert set(options("--json")) - set(options("--overwrite")) == set()


@pytest.mark.parametrize("name", sorted(FLAGS))
def test_a_flag_is_a_flag_in_every_command(name):
    assert options(name)
    assert all(option.nargs == 0 for option in options(name).values())


@pytest.mark.parametrize(("name", "kind"), [("--domain-id", int), ("--seed", int), ("--duration", float)])
def test_a_number_has_the_same_type_in_every_command(name, kind):
    assert options(name)
    assert {option.type for option in options(name).values()} == {kind}


def test_every_option_is_explained():
    unexplained = [
        (command, action.dest)
        for command, parser in parsers().items()
        for action in parser._actions
        if not action.help
    ]
    assert unexplained == []


def test_every_command_has_a_description_or_examples():
    silent = [name for name, parser in parsers().items() if not (parser.description or parser.epilog)]
    assert [name for name in silent if not name.startswith("wmp bundle ")] == []
