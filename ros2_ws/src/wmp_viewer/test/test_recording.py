"""A bag becomes a page that needs nothing else."""

import base64
import json
import re
import zlib

import pytest

from wmp_core.bundle import Bundle
from wmp_recording.bag import TOPICS, BagWriter
from wmp_viewer.page import MODULES, WEB, live_page, single_file_page
from wmp_viewer.recording import RecordingError, recorded_items


@pytest.fixture(scope="module")
def items(bag, tiny_bundle):
    return list(recorded_items(bag, tiny_bundle))


def of(items, kind):
    return [item for item in items if item["kind"] == kind]


def test_the_walk_is_there_from_its_first_state_to_its_last(items):
    frames = of(items, "frame")
    assert frames[0]["t"] == 0.02 and frames[-1]["t"] == pytest.approx(1.58, abs=0.03)
    assert 38 <= len(frames) <= 41  # 25 Hz over 1.6 s
    assert [item["mode"] for item in of(items, "mode")] == ["STAND", "WALK", "FAULT"]
    assert [item["text"] for item in of(items, "event")] == ["WALK -> FAULT: motor too hot"]
    assert of(items, "status")[0]["values"]["control_p50_ms"] == "0.30"


def test_the_images_go_blind_with_the_camera(items):
    images = of(items, "images")
    assert {item["source"] for item in images if 0.3 < item["t"] < 1.1} == {"posterior"}
    assert {item["source"] for item in images if item["t"] > 1.25} == {"prior"}


def test_the_terrain_is_the_one_that_the_notes_of_the_bag_name(items):
    (terrain,) = of(items, "terrain")
    assert (terrain["name"], terrain["difficulty"], terrain["seed"]) == ("course", 0.3, 0)


def test_another_bundle_than_the_recorded_one_is_refused(bag):
    other = Bundle.load_unverified(WEB.parents[4] / "models" / "a1_wmp_v1")
    with pytest.raises(RecordingError, match="was recorded with bundle .* --bundle"):
        list(recorded_items(bag, other))


def test_what_is_no_bag_is_refused(tmp_path, tiny_bundle):
    with pytest.raises(RecordingError, match="cannot be read"):
        list(recorded_items(tmp_path / "none", tiny_bundle))


def test_the_single_file_holds_the_walk_and_names_nothing_outside(items):
    page = single_file_page(items)
    walk = re.search(r'<script id="walk" type="text/plain">([^<]*)</script>', page)[1]
    assert json.loads(zlib.decompress(base64.b64decode(walk))) == json.loads(json.dumps(items))
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(address.startswith("data:") for address in addresses)
    assert "default-src 'none'" in page
    imports = json.loads(re.search(r'<script type="importmap">(.*?)</script>', page)[1])["imports"]
    assert all(address.startswith("data:text/javascript;base64,") for address in imports.values())
    assert "The MIT License" in page


def test_every_module_that_is_imported_exists():
    names = {f"wmp/{name}" for name in MODULES}
    for path in WEB.glob("*.js"):
        assert set(re.findall(r'from "([^"]*)"', path.read_text())) <= names, path


def test_every_element_that_a_script_looks_up_is_in_the_page():
    page = (WEB / "index.html").read_text()
    found = set(re.findall(r'id="([\w-]+)"', page)) | {"walk"}
    for path in WEB.glob("*.js"):
        wanted = set(re.findall(r'(?:byId|getElementById)\("([\w-]+)"\)', path.read_text()))
        assert wanted <= found, path


def test_the_live_page_allows_its_own_scripts_only():
    page, policy = live_page()
    assert "script-src 'self' 'sha256-" in policy and "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert "connect-src 'self'" in policy
    assert page.count("<script") == 2


def test_a_bag_without_a_readable_state_is_refused(tmp_path, tiny_bundle):
    with BagWriter(tmp_path / "bag", TOPICS, {}) as writer:
        for topic in ("joint_states", "imu/data"):
            writer.write(topic, 0, b"\0\1\0\0cut")
    with pytest.raises(RecordingError, match=r"no state of a robot \(2 messages cannot be decoded\)"):
        list(recorded_items(tmp_path / "bag", tiny_bundle))
