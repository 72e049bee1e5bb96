"""The viewer on a running graph in lockstep, used by pages without a browser and by a real one."""

import contextlib
import json
import os
import time
from collections import deque

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from wmp_bringup.graph import NodeSpec, a1_graph
from wmp_bringup.isolation import free_tcp_port, free_udp_port, local_discovery, reserve_domain
from wmp_bringup.locations import shipped_parameters
from wmp_bringup.processes import GraphProcesses
from wmp_core.default_bundle import resolve_bundle
from wmp_testing.browser import CHROMIUM, open_tab

TOKEN = "token-of-the-test"
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium")


class Page:
    """What a page is to the viewer: receives items, sends requests."""

    def __init__(self, port):
        address = f"127.0.0.1:{port}"
        self._items = deque()
        self._socket = connect(
            f"ws://{address}/live?token={TOKEN}", origin=f"http://{address}", max_size=None, close_timeout=0.5
        )

    def send(self, name, **values):
        self._socket.send(json.dumps({"do": name, **values}))

    def wait_for(self, fits, seconds=90.0, meanwhile=lambda: None):
        """The first item that fits; ``meanwhile`` is called for every message."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            while self._items:
                if fits(item := self._items.popleft()):
                    return item
            content = json.loads(self._socket.recv(timeout=deadline - time.monotonic()))
            self._items.extend(content if isinstance(content, list) else [content])
            meanwhile()
        raise AssertionError(f"no such item within {seconds:g} s")

    def answer(self):
        return self.wait_for(lambda item: item["kind"] in ("answer", "role"))

    def hold(self, **velocity):
        self.send("drive", **{"vx": 0.0, "vy": 0.0, "yaw": 0.0, **velocity})

    def close(self):
        self._socket.close()


def mode_is(name):
    return lambda item: item["kind"] == "mode" and item["mode"] == name


def start_graph(folder, drive):
    """Processes of a graph in lockstep on the course, with a viewer; returns them and the viewer's port."""
    domain, port, bundle = reserve_domain(), free_tcp_port(), str(resolve_bundle())
    environment = {**os.environ, **local_discovery({}), "ROS_DOMAIN_ID": str(domain.domain_id)}
    environment.update(FASTDDS_BUILTIN_TRANSPORTS="UDPv4", OMP_NUM_THREADS="1", WMP_VIEW_TOKEN=TOKEN)
    options = {"bundle": bundle, "lockstep": True, "operator": "ros", "robot_port": free_udp_port()}
    specs = a1_graph("sim", {**options, "terrain": "course", "difficulty": 0.1})
    parameters = {"bundle": bundle, "drive": drive, "port": port}
    viewer = NodeSpec("wmp_viewer", "viewer", "viewer", shipped_parameters("sim"), parameters, required=False)
    processes = GraphProcesses((*specs, viewer), environment, folder)
    processes.domain = domain  # reserved as long as they live
    return processes, port


def wait_for_page(port):
    deadline = time.monotonic() + 60.0
    while True:
        with contextlib.suppress(OSError):
            return Page(port)
        assert time.monotonic() < deadline, "the viewer does not listen"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """Port of a viewer that may drive; its robot lies."""
    processes, port = start_graph(tmp_path_factory.mktemp("graph"), drive=True)
    with processes:
        page = wait_for_page(port)
        page.wait_for(lambda item: item["kind"] == "frame")
        page.close()
        yield port


@pytest.fixture
def page(port):
    page = wait_for_page(port)
    yield page
    page.close()


def test_a_page_learns_robot_and_terrain_of_the_simulation(page):
    assert page.wait_for(lambda item: item["kind"] == "header")["drive"] is True
    terrain = page.wait_for(lambda item: item["kind"] == "terrain")
    assert (terrain["name"], terrain["difficulty"]) == ("course", 0.1)
    frame = page.wait_for(lambda item: item["kind"] == "frame" and item["feet"] is not None)
    assert frame["base_is"] == "truth"


def test_only_the_driver_moves_the_robot_and_there_is_one_driver(port, page):
    page.send("stand_up")
    assert page.answer()["text"] == "press Drive first"
    page.send("arm")
    assert page.answer() == {"kind": "role", "driver": True}
    second = wait_for_page(port)
    second.send("arm")
    assert second.answer()["text"] == "another page drives this robot"
    second.send("walk")
    assert second.answer()["ok"] is False
    second.close()


def test_a_page_that_leaves_no_longer_drives(port, page):
    page.send("arm")
    assert page.answer()["driver"]
    page.close()
    second, deadline = wait_for_page(port), time.monotonic() + 20.0
    second.send("arm")
    while second.answer().get("driver") is not True:
        assert time.monotonic() < deadline, "the place of the driver stays taken"
        second.send("arm")
    second.close()


def test_a_foreign_page_is_refused(port):
    with (
        pytest.raises(InvalidStatus),
        connect(f"ws://127.0.0.1:{port}/live?token={TOKEN}", origin="http://evil"),
    ):
        pass


@needs_browser
def test_in_a_browser_the_robot_stands_up_on_request_and_stops_on_space(port, tmp_path):
    with open_tab(tmp_path / "profile", 640, 480) as tab:
        tab.go_to(f"http://127.0.0.1:{port}/#token={TOKEN}")
        tab.wait_for("window.cockpit && Number.isFinite(cockpit.walk.end)")
        assert tab.value("location.href").endswith(f"{port}/")  # no token in the address bar
        tab.wait_for("document.querySelector('#mode').textContent === 'Passive'")
        lying = tab.screenshot()
        tab.click("#requests button")
        tab.click("#arm button[value=arm]")
        tab.wait_for("!document.querySelector('#requests button:nth-child(2)').disabled")
        tab.click("#requests button:nth-child(2)")
        tab.wait_for("document.querySelector('#mode').textContent === 'Standing'")
        assert tab.screenshot() != lying
        tab.value(
            "(([choice]) => { choice.value = 'motor_hot'; choice.dispatchEvent(new Event('change')); })"
            "(document.querySelectorAll('#simulation select'))"
        )
        tab.wait_for("document.querySelector('#simulation').textContent.includes('End motor hot')")
        tab.click("#simulation button:last-child")
        tab.wait_for("!document.querySelector('#simulation').textContent.includes('End motor hot')")
        assert tab.value("cockpit.walk.lists.frame.at(-1).base[2]") > 0.2
        tab.key("keyDown", "Space", " ")
        tab.key("keyUp", "Space", " ")
        tab.wait_for("document.querySelector('#mode').textContent === 'Passive'")
        assert tab.errors == []


@needs_browser
def test_in_a_browser_a_wrong_token_gives_an_explanation(port, tmp_path):
    with open_tab(tmp_path / "profile", 640, 480) as tab:
        tab.go_to(f"http://127.0.0.1:{port}/#token=wrong")
        tab.wait_for("document.querySelector('#notice strong')?.textContent === 'No access'")


# After the tests that need a robot in good order: it falls where it is stopped.
def test_walk_go_blind_and_stop(page):
    page.send("arm")
    assert page.answer()["driver"]
    page.send("stand_up")
    page.wait_for(mode_is("STAND"))
    page.hold(vx=0.5)
    page.send("walk")
    page.wait_for(mode_is("WALK"))
    moved = page.wait_for(
        lambda item: item["kind"] == "frame" and item["base"][0] > 0.15, meanwhile=lambda: page.hold(vx=0.5)
    )
    assert moved["command"][0] == pytest.approx(0.5, abs=0.01)

    page.send("fault", fault="camera_black", on=True)
    began = page.wait_for(lambda item: item["kind"] == "fault", meanwhile=lambda: page.hold(vx=0.3))
    assert (began["fault"], began["begins"]) == ("camera_black", True)
    blind = page.wait_for(
        lambda item: item["kind"] == "images" and item["source"] == "prior",
        meanwhile=lambda: page.hold(vx=0.3),
    )
    assert blind["sees"] is None and blind["believes"] is not None

    page.send("stop")
    page.wait_for(mode_is("PASSIVE"))
    page.send("fault", fault="camera_black", on=False)
    assert page.wait_for(lambda item: item["kind"] == "fault")["begins"] is False


@needs_browser
def test_in_a_browser_a_lost_connection_is_shown_over_the_whole_scene(tmp_path):
    processes, port = start_graph(tmp_path / "graph", drive=False)
    with processes, open_tab(tmp_path / "profile", 640, 480) as tab:
        wait_for_page(port).close()
        tab.go_to(f"http://127.0.0.1:{port}/#token={TOKEN}")
        tab.wait_for("window.cockpit && Number.isFinite(cockpit.walk.end)")
        assert tab.value("document.querySelector('#notice').hidden")
        assert tab.value("document.querySelector('#requests').hidden")  # view only
        processes.stop()
        tab.wait_for("document.querySelector('#notice strong')?.textContent === 'Connection lost'")
        covered = "(([a, b]) => Math.round(a.width * a.height) >= 0.99 * Math.round(b.width * b.height))"
        boxes = "['#notice', '#scene'].map((id) => document.querySelector(id).getBoundingClientRect())"
        assert tab.value(f"{covered}({boxes})")
