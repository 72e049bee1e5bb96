"""Options and outputs that several commands share are checked in one place."""

import argparse
import os

import pytest

from wmp_cli.command import UsageError
from wmp_cli.options import add_bundle_option, add_domain_option, bundle_folder, use_domain
from wmp_cli.output import check_file, check_folder, check_new_folder, write_json


def parse(add, *words):
    parser = argparse.ArgumentParser()
    add(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize("domain", [0, 101, 232])
def test_a_domain_that_dds_has_ports_for_is_used(domain, monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "1")
    use_domain(parse(add_domain_option, "--domain-id", str(domain)).domain_id)
    assert os.environ["ROS_DOMAIN_ID"] == str(domain)


def test_without_the_option_the_environment_decides(monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "7")
    use_domain(parse(add_domain_option).domain_id)
    assert os.environ["ROS_DOMAIN_ID"] == "7"


def test_a_bundle_is_a_folder_or_a_name_under_models(tiny_bundle, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine").symlink_to(tiny_bundle)
    monkeypatch.chdir(tmp_path)
    assert bundle_folder(parse(add_bundle_option, "--bundle", "mine").bundle) == tmp_path / "models" / "mine"
    assert bundle_folder(str(tiny_bundle)) == tiny_bundle
    with pytest.raises(UsageError, match="did you mean 'mine'"):
        bundle_folder("mien")


def test_an_output_that_exists_is_refused_unless_overwrite_is_set(tmp_path):
    file = tmp_path / "figures.json"
    check_file("--json", None, overwrite=False)
    check_file("--json", file, overwrite=False)
    file.write_text("{}")
    with pytest.raises(UsageError, match=r"--json: .*json exists \(2 bytes\) .* --overwrite replaces it"):
        check_file("--json", file, overwrite=False)
    check_file("--json", file, overwrite=True)
    with pytest.raises(UsageError, match="cannot be created"):
        check_file("--json", file / "below.json", overwrite=True)


def test_a_new_folder_must_not_exist_and_a_folder_may(tmp_path):
    check_new_folder("BAG", tmp_path / "new" / "bag")
    check_folder("--log-dir", tmp_path)
    with pytest.raises(UsageError, match="exists already"):
        check_new_folder("BAG", tmp_path)
    (tmp_path / "file").touch()
    for check in (check_new_folder, check_folder):
        with pytest.raises(UsageError, match="cannot be created"):
            check("DIR", tmp_path / "file" / "below")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_written_file_is_reported(tmp_path, capsys):
    write_json(tmp_path / "new" / "figures.json", {"steps": 3})
    assert (tmp_path / "new" / "figures.json").read_text() == '{\n  "steps": 3\n}\n'
    assert capsys.readouterr().out == f"wrote {tmp_path / 'new' / 'figures.json'}\n"
