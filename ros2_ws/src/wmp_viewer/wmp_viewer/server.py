"""Serves the page over HTTP, and items and requests over its WebSocket. Knows no ROS."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from wmp_viewer.access import Access
from wmp_viewer.page import MODULES, WEB, live_page
from wmp_viewer.requests import MAX_LENGTH, PageRequest, RequestError

_log = logging.getLogger("viewer")
logging.getLogger("websockets").setLevel(logging.WARNING)  # it would log every file that a page loads

#: Age of the oldest items of a live walk that a page receives when it opens [s].
KEPT = 30.0
#: A page that has not taken so many bytes gets no more until it has: it is too slow, or asleep.
LARGEST_BACKLOG = 4 << 20
#: Malformed requests after which a page is disconnected.
MAX_MALFORMED = 5
MAX_PAGES = 30
_TYPES = {".js": "text/javascript", ".css": "text/css"}


class PageServer:
    """Runs in a thread of its own, from :meth:`start` to :meth:`stop`.

    Args:
        access: who may connect.
        on_request: called in the server's thread with the page and its request; returns an item for this page
            at once, or None.
        on_leave: called in the server's thread when a page is gone.
        kept: age of the oldest items that a page receives when it opens [s].
    """

    def __init__(
        self,
        access: Access,
        on_request: Callable[[Any, PageRequest], dict[str, Any] | None],
        on_leave: Callable[[Any], None] = lambda page: None,
        kept: float = KEPT,
    ) -> None:
        self._access, self._on_request, self._on_leave = access, on_request, on_leave
        self._kept, self._files = kept, _served_files()
        self._pages: set[ServerConnection] = set()
        self._first: dict[str, str] = {}  # header and terrain, by kind
        self._recent: deque[tuple[float, str]] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)
        self._server: Server | None = None
        self.port = 0

    def start(self, host: str, port: int) -> None:
        """Listen; port 0 is any free one.

        Raises:
            OSError: the address cannot be used.
        """
        self._thread.start()
        self._await(self._listen(host, port))

    def stop(self) -> None:
        """Close all pages and end the thread."""
        if self._server is not None:
            self._await(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5.0)

    @property
    def pages(self) -> int:
        """Number of open pages."""
        return len(self._pages)

    def publish(self, item: dict[str, Any], time: float = 0.0) -> None:
        """Send ``item`` to every page, now and, if its ``time`` [s] is recent, to those that open later.

        Any thread. The newest header and terrain are sent to every later page, ``alive`` to none.
        """
        text = json.dumps(item, separators=(",", ":"), allow_nan=False)
        self._loop.call_soon_threadsafe(self._publish, item["kind"], text, time)

    def answer(self, page: Any, item: dict[str, Any]) -> None:
        """Send ``item`` to one page. Any thread."""
        self._loop.call_soon_threadsafe(self._send, page, json.dumps(item, allow_nan=False))

    # Server thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _await(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10.0)

    async def _listen(self, host: str, port: int) -> None:
        self._server = await serve(
            self._serve_page,
            host,
            port,
            process_request=self._respond,
            max_size=MAX_LENGTH,
            compression=None,  # it would cost more CPU time than the loopback gains
            ping_interval=2.0,
            ping_timeout=10.0,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def _respond(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request for a file; None lets a permitted WebSocket open."""
        path = urlsplit(request.path).path
        if path == "/live":
            headers = request.headers
            refusal = self._access.refusal(request.path, headers.get("Host"), headers.get("Origin"))
            if not refusal and len(self._pages) >= MAX_PAGES:
                refusal = f"{MAX_PAGES} pages are open already"
            if not refusal:
                return None
            _log.warning("a page was refused: %s", refusal)
            return connection.respond(HTTPStatus.FORBIDDEN, f"{refusal}\n")
        if path not in self._files:
            return connection.respond(HTTPStatus.NOT_FOUND, "no such file\n")
        kind, body, policy = self._files[path]
        headers = Headers(
            {
                "Content-Type": kind,
                "Content-Length": str(len(body)),
                "Cache-Control": "no-cache",
                "Content-Security-Policy": policy,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Connection": "close",
            }
        )
        return Response(HTTPStatus.OK, "OK", headers, body)

    async def _serve_page(self, page: ServerConnection) -> None:
        earlier = [*self._first.values(), *(text for _, text in self._recent)]
        try:
            await page.send(f"[{','.join(earlier)}]")
            self._pages.add(page)
            await self._read(page)
        except ConnectionClosed:
            pass
        finally:
            self._pages.discard(page)
            self._on_leave(page)

    async def _read(self, page: ServerConnection) -> None:
        malformed = 0
        async for text in page:
            try:
                answer = self._on_request(page, PageRequest.parse(text))
            except RequestError as error:
                malformed += 1
                _log.warning("a page sent a malformed request: %s", error)
                answer = {"kind": "answer", "ok": False, "text": f"malformed request: {error}"}
            if answer is not None:
                self._send(page, json.dumps(answer, allow_nan=False))
            if malformed >= MAX_MALFORMED:
                await page.close(1008, "malformed requests")

    def _publish(self, kind: str, text: str, time: float) -> None:
        if kind in ("header", "terrain"):
            self._first[kind] = text
        elif kind != "alive":
            self._recent.append((time, text))
            # Times go back when a simulation starts again.
            while not time - self._kept <= self._recent[0][0] <= time:
                self._recent.popleft()
        for page in self._pages:
            self._send(page, text)

    def _send(self, page: ServerConnection, text: str) -> None:
        """Send without waiting; a page with a backlog misses the item."""
        if page.transport.get_write_buffer_size() <= LARGEST_BACKLOG:
            broadcast([page], text)


@functools.cache
def _served_files() -> dict[str, tuple[str, bytes, str]]:
    """Path -> content type, content and Content-Security-Policy of everything that is served."""
    page, policy = live_page()
    files = {"/": ("text/html; charset=utf-8", page.encode("utf-8"), policy)}
    paths = {f"/{name}.js": path for name, path in MODULES.items()} | {"/style.css": WEB / "style.css"}
    for address, path in paths.items():
        files[address] = (f"{_TYPES[path.suffix]}; charset=utf-8", path.read_bytes(), "default-src 'none'")
    return files
