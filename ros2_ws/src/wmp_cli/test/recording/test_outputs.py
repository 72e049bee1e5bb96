"""``wmp record`` and ``wmp recover`` refuse bad output folders at once and name what they wrote."""

import pytest

from wmp_cli import cli
from wmp_recording.bag import TOPICS, BagWriter


@pytest.mark.parametrize("command", [["record"], ["recover", "damaged"]], ids=" ".join)
def test_a_folder_that_exists_or_cannot_be_created_is_refused(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bag").mkdir()
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    for folder, message in [
        ("bag", "bag exists already; name a new folder"),
        ("file/new", "file/new cannot be created: file is a file, expected a folder"),
    ]:
        assert cli.main([*command, folder]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"wmp {command[0]}: ") and line.endswith(message)
    assert sorted(tmp_path.rglob("*")) == before


def test_record_refuses_a_bundle_that_does_not_exist(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["record", "--bundle", "/nowhere"]) == 2
    assert "wmp record: no bundle '/nowhere'" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_record_names_the_bag_that_it_wrote(tmp_path, tiny_bundle, monkeypatch, capsys):
    bag = tmp_path / "bag"
    monkeypatch.setattr("wmp_recording.recorder.main", lambda: bag.mkdir() or 0)
    assert cli.main(["record", str(bag), "--bundle", str(tiny_bundle)]) == 0
    assert capsys.readouterr().out == f"wrote {bag}\n"


def test_recover_names_the_bag_that_it_wrote(tmp_path, capsys):
    bag, new = tmp_path / "bag", tmp_path / "new"
    with BagWriter(bag, TOPICS, {}):
        pass
    assert cli.main(["recover", str(bag), str(new)]) == 0
    assert capsys.readouterr().out == f"wrote {new}: 0 messages recovered from {bag}\n"
    assert (new / "metadata.yaml").is_file()
