"""``wmp view`` refuses mistakes before it starts anything, and writes what it is asked for."""

import json
import re
import signal
import subprocess
from xml.etree import ElementTree

import pytest
from websockets.sync.client import connect

from wmp_bringup.isolation import reserve_domain
from wmp_cli.cli import main
from wmp_cli.command import WMP


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


@pytest.mark.parametrize("options", [["--drive"], ["--namespace", "a1"]])
def test_it_prints_the_address_of_a_page_and_ends_with_ctrl_c(options):
    domain = reserve_domain()
    words = ["view", "--no-open", "--domain-id", str(domain.domain_id), *options]
    process = subprocess.Popen([*WMP, *words], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address, token = re.search(r"http://(\S+)/#token=(\S+)", process.stdout.readline()).groups()
        page = connect(f"ws://{address}/live?token={token}", origin=f"http://{address}", max_size=None)
        with page:
            items = json.loads(page.recv(timeout=30.0))
        assert [(item["kind"], item["drive"]) for item in items] == [("header", "--drive" in options)]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20.0) == 0
