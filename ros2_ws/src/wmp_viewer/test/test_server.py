"""The server over real sockets: files, access, requests, slow and late pages."""

import json
import time
import urllib.error
import urllib.request

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from wmp_viewer.access import Access, own_names
from wmp_viewer.server import KEPT, MAX_MALFORMED, PageServer


@pytest.fixture
def server():
    requests, left = [], []

    def on_request(page, request):
        requests.append(request)
        return {"kind": "answer", "ok": True, "text": request.name}

    server = PageServer(Access("secret", own_names("127.0.0.1")), on_request, left.append)
    server.start("127.0.0.1", 0)
    server.requests, server.left = requests, left
    yield server
    server.stop()


def open_page(server, token="secret", origin=None):
    address = f"127.0.0.1:{server.port}"
    return connect(
        f"ws://{address}/live?token={token}",
        origin=origin or f"http://{address}",
        max_size=None,
        close_timeout=0.5,
    )


def receive(page, kind):
    while True:
        content = json.loads(page.recv(timeout=10.0))
        for item in content if isinstance(content, list) else [content]:
            if item["kind"] == kind:
                return item


def fetch(server, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=10.0) as answer:
        return answer.headers, answer.read()


def test_the_page_and_its_parts_are_served(server):
    headers, body = fetch(server, "/")
    assert b"WMP cockpit" in body and b"secret" not in body
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert fetch(server, "/main.js")[0]["Content-Type"].startswith("text/javascript")
    assert b"Three.js Authors" in fetch(server, "/three.js")[1][:300]


@pytest.mark.parametrize(
    "path", ["/../access.py", "/index.html", "/vendor/three.js", "/%2e%2e/setup.py", "/etc/passwd"]
)
def test_nothing_else_is_served(server, path):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(server, path)


@pytest.mark.parametrize(
    ("token", "origin"), [("secret", "http://evil.example"), ("wrong", None), ("", None)]
)
def test_a_foreign_origin_and_a_missing_token_are_refused(server, token, origin):
    with pytest.raises(InvalidStatus) as refused, open_page(server, token, origin):
        pass
    assert refused.value.response.status_code == 403
    assert server.pages == 0


def test_a_request_reaches_the_handler_and_its_answer_the_page(server):
    with open_page(server) as page:
        page.send('{"do": "stop"}')
        assert receive(page, "answer")["text"] == "stop"
    assert [request.name for request in server.requests] == ["stop"]


def test_malformed_requests_are_answered_then_end_the_connection(server):
    with open_page(server) as page:
        for _ in range(MAX_MALFORMED):
            page.send('{"do": "explode"}')
            assert "malformed request" in receive(page, "answer")["text"]
        with pytest.raises(ConnectionClosed):
            page.recv(timeout=10.0)
    assert server.requests == []


def test_a_message_that_is_too_long_ends_the_connection(server):
    with open_page(server) as page:
        page.recv(timeout=10.0)
        page.send("x" * 100_000)
        with pytest.raises(ConnectionClosed):
            page.recv(timeout=10.0)
    assert server.requests == []


def test_a_late_page_receives_header_terrain_and_what_is_recent(server):
    server.publish({"kind": "header", "number": 1})
    server.publish({"kind": "header", "number": 2})
    for second in range(int(KEPT) + 10):
        server.publish({"kind": "frame", "t": second}, time=second)
    with open_page(server) as page:
        items = json.loads(page.recv(timeout=10.0))
    assert items[0] == {"kind": "header", "number": 2}
    assert [item["t"] for item in items[1:]] == list(range(9, int(KEPT) + 10))


def test_a_walk_that_starts_again_is_all_that_a_late_page_receives(server):
    server.publish({"kind": "frame", "t": 500.0}, time=500.0)
    server.publish({"kind": "frame", "t": 0.0}, time=0.0)
    with open_page(server) as page:
        assert json.loads(page.recv(timeout=10.0)) == [{"kind": "frame", "t": 0.0}]


def test_a_page_that_leaves_is_reported(server):
    with open_page(server) as page:
        page.recv(timeout=10.0)
        assert server.left == []
    deadline = time.monotonic() + 10.0
    while not server.left and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(server.left) == 1 and server.pages == 0


def test_a_page_that_reads_nothing_does_not_hold_up_the_others(server):
    with open_page(server) as asleep, open_page(server) as awake:
        asleep.recv(timeout=10.0)
        awake.recv(timeout=10.0)
        for number in range(200):
            server.publish({"kind": "images", "t": number, "text": 60_000 * "x"}, time=number)
            assert receive(awake, "images")["t"] == number
