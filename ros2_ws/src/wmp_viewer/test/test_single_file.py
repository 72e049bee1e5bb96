"""The exported page in a real browser: it plays from disk and fits a laptop and a phone, light and dark."""

import cv2
import numpy as np
import pytest

from wmp_testing.browser import CHROMIUM, open_tab
from wmp_viewer.page import single_file_page
from wmp_viewer.recording import recorded_items

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium")

LOADED = "window.cockpit && Number.isFinite(cockpit.walk.end)"
#: Elements that stick out of the window to the side, and visible parts that overlap.
STICKING_OUT = """[...document.querySelectorAll("#top *, #stage *, #time *")].filter((element) => {
  const box = element.getBoundingClientRect();
  return box.width && (box.left < -1 || box.right > innerWidth + 1);
}).map((element) => element.id || element.className)"""
CUT_TEXT = """[...document.querySelectorAll("h2, figcaption, output, .mode, button, #legend li")].filter(
  (element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline"
).map((element) => element.id || element.textContent)"""
PARTS_OVERLAP = """(() => {
  const parts = ["#top", "#stage", "#tiles", "#time"].map((id) => document.querySelector(id));
  const boxes = parts.map((part) => part.getBoundingClientRect());
  return boxes.some((a, i) => boxes.slice(i + 1).some((b) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1));
})()"""
PAGE_COLOURS = {"light": (0xF2, 0xF4, 0xF7), "dark": (0x0E, 0x13, 0x19)}


@pytest.fixture(scope="module")
def file(bag, tiny_bundle, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "walk.html"
    file.write_text(single_file_page(recorded_items(bag, tiny_bundle)), encoding="utf-8")
    return file


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits(file, tmp_path, width, height, scheme):
    with open_tab(tmp_path / "profile", width, height, scheme) as tab:
        tab.go_to(file.as_uri())
        tab.wait_for(LOADED)
        tab.wait_for("document.querySelector('#speed b') !== null")
        assert tab.value("document.documentElement.scrollWidth <= innerWidth")
        assert tab.value("document.documentElement.scrollHeight <= innerHeight")
        assert tab.value(STICKING_OUT) == []
        assert tab.value(CUT_TEXT) == []
        assert not tab.value(PARTS_OVERLAP)
        picture = cv2.imdecode(np.frombuffer(tab.screenshot(), np.uint8), cv2.IMREAD_COLOR)
        assert picture[-3, 3, ::-1].tolist() == list(PAGE_COLOURS[scheme])
        assert tab.errors == []


def test_the_walk_plays_from_disk_without_a_network(file, tmp_path):
    with open_tab(tmp_path / "profile", 960, 640) as tab:
        tab.call("Network.enable")
        tab.call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )
        tab.go_to(file.as_uri())
        tab.wait_for(LOADED)
        tab.wait_for("cockpit.view.time > cockpit.walk.start + 0.5")
        loaded = (
            "performance.getEntriesByType('resource').filter((each) => !each.name.startsWith('data:')).length"
        )
        assert tab.value(loaded) == 0
        tab.wait_for("!cockpit.view.playing")  # to its end
        assert tab.value("document.querySelector('#mode').textContent") == "Fault"
        assert "motor too hot" in tab.value("document.querySelector('#last-event').textContent")
        assert tab.errors == []


def test_the_picture_follows_the_cursor(file, tmp_path):
    with open_tab(tmp_path / "profile", 960, 640) as tab:
        tab.go_to(file.as_uri())
        tab.wait_for(LOADED)
        shown = []
        for seconds in (0.1, 1.0):
            tab.value(
                f"Object.assign(cockpit.view, {{playing: false, time: cockpit.walk.start + {seconds}}}), 0"
            )
            tab.wait_for(f"document.querySelector('#clock').textContent.startsWith('{seconds:.1f}')")
            base = tab.value("cockpit.parts().scene.robot.root.position.x")
            assert base == pytest.approx(0.5 * (seconds + 0.02), abs=0.03)
            shown.append(tab.value("document.querySelector('#scene').toDataURL()"))
        assert shown[0] != shown[1]


def test_the_images_show_what_the_walk_saw(file, tmp_path):
    with open_tab(tmp_path / "profile", 960, 640) as tab:
        tab.go_to(file.as_uri())
        tab.wait_for(LOADED)
        tab.value("Object.assign(cockpit.view, {playing: false, time: cockpit.walk.start + 0.9}), 0")
        tab.wait_for("!('empty' in document.querySelector('#sees').parentElement.dataset)")
        tab.value("Object.assign(cockpit.view, {time: cockpit.walk.end - 0.05}), 0")
        tab.wait_for("document.querySelector('#sees').parentElement.dataset.empty === 'no image'")
        assert "blind" in tab.value("document.querySelector('#images-state').textContent")
