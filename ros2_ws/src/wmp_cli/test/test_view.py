"""``wmp view`` refuses mistakes before it starts anything, and writes what it is asked for."""

from xml.etree import ElementTree

import pytest

from wmp_cli.cli import main


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--html", "walk.html"], "--html needs a BAG"),
        (["bag", "--drive"], "--drive is for a running graph"),
        (["--port", "70000"], "--port is 70000"),
        (["none", "--html", "walk.html"], "none cannot be read"),
        (["--host", "192.0.2.1"], "--host 192.0.2.1"),
        (["--namespace", "a-1"], "--namespace is 'a-1'"),
    ],
)
def test_mistakes_are_refused(words, reason, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["view", *words]) == 2
    assert reason in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept_without_overwrite(capsys, tmp_path):
    file = tmp_path / "a1.urdf"
    file.write_text("mine")
    assert main(["view", "--urdf", str(file)]) == 2
    assert file.read_text() == "mine"
    assert main(["view", "--urdf", str(file), "--overwrite"]) == 0
    assert ElementTree.parse(file).getroot().get("name") == "a1"
