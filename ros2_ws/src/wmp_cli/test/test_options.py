"""Options that several commands share are checked in one place."""

import argparse
import os

import pytest

from wmp_cli import cli
from wmp_cli.command import UsageError
from wmp_cli.options import (
    add_bundle_option,
    add_domain_option,
    bundle_folder,
    check_new_bag,
    check_output,
    domain_id,
    enter_domain,
)


def parse(add, *words):
    parser = argparse.ArgumentParser()
    add(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize("domain", [0, 101, 232])
def test_a_domain_that_dds_has_ports_for_is_entered(domain, monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "1")
    arguments = parse(add_domain_option, "--domain-id", str(domain))
    assert domain_id(arguments) == domain
    enter_domain(arguments)
    assert os.environ["ROS_DOMAIN_ID"] == str(domain)


def test_without_the_option_the_environment_decides(monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "7")
    arguments = parse(add_domain_option)
    assert domain_id(arguments) is None
    enter_domain(arguments)
    assert os.environ["ROS_DOMAIN_ID"] == "7"


@pytest.mark.parametrize("command", [["record", "bag"], ["play", "bag"], ["teleop"], ["sim"]])
@pytest.mark.parametrize("domain", ["500", "233", "-1"])
def test_every_command_refuses_a_domain_without_ports_at_once(
    command, domain, tiny_bundle, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WMP_BUNDLE", str(tiny_bundle))
    assert cli.main([*command, "--domain-id", domain]) == 2
    assert capsys.readouterr().err == f"wmp {command[0]}: --domain-id is {domain}, expected 0 to 232\n"
    assert not any(tmp_path.iterdir())


def test_a_bundle_is_a_folder_or_a_name_under_models(tiny_bundle, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine").symlink_to(tiny_bundle)
    monkeypatch.chdir(tmp_path)
    assert bundle_folder(parse(add_bundle_option, "--bundle", "mine")) == tmp_path / "models" / "mine"
    assert bundle_folder(parse(add_bundle_option, "--bundle", str(tiny_bundle))) == tiny_bundle
    with pytest.raises(UsageError, match="did you mean mine"):
        bundle_folder(parse(add_bundle_option, "--bundle", "mien"))


def test_an_output_that_exists_is_refused_unless_overwrite_is_set(tmp_path):
    file = tmp_path / "figures.json"
    check_output(None, overwrite=False)
    check_output(file, overwrite=False)
    file.write_text("{}")
    with pytest.raises(UsageError, match=r"figures\.json exists \(2 bytes\) .* --overwrite replaces it"):
        check_output(file, overwrite=False)
    check_output(file, overwrite=True)
    with pytest.raises(UsageError, match="cannot be created"):
        check_output(file / "below.json", overwrite=True)


def test_a_bag_is_never_replaced_and_its_folder_can_be_created(tmp_path):
    check_new_bag(tmp_path / "new" / "bag")
    with pytest.raises(UsageError, match="exists already"):
        check_new_bag(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be created"):
        check_new_bag(tmp_path / "file" / "bag")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
