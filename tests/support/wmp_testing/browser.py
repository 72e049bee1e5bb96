"""A headless Chromium that a test drives over the DevTools protocol."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: WebGL without a GPU.
_SOFTWARE_GL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


class Tab:
    """One page; the size of its window in CSS pixels, and its colour scheme, are set when it is opened."""

    def __init__(self, connection: ClientConnection, width: int, height: int, scheme: str) -> None:
        self._connection = connection
        self._calls = 0
        #: Errors that the page has thrown or logged so far.
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def call(self, method: str, **parameters: Any) -> Any:
        """Call a method of the protocol and return its result."""
        self._calls += 1
        self._connection.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=60.0))
            if message.get("id") == self._calls:
                assert "error" not in message, message["error"]
                return message["result"]
            self._note_error(message)

    def go_to(self, address: str) -> None:
        """Load ``address``."""
        self.call("Page.navigate", url=address)

    def value(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 60.0) -> Any:
        """Wait until an expression is true; returns its value."""
        deadline = time.monotonic() + seconds
        while not (value := self.value(expression)):
            assert time.monotonic() < deadline, (
                f"{expression} is {value!r} after {seconds:g} s; {self.errors}"
            )
            time.sleep(0.05)
        return value

    def click(self, selector: str) -> None:
        """Click the element as a user does."""
        self.value(f"document.querySelector({json.dumps(selector)}).click()")

    def key(self, kind: str, code: str, key: str) -> None:
        """``keyDown`` or ``keyUp`` of a key."""
        self.call("Input.dispatchKeyEvent", type=kind, code=code, key=key)

    def screenshot(self) -> bytes:
        """The visible part as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])

    def _note_error(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(parameters["exceptionDetails"]))
        elif message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"])


@contextlib.contextmanager
def open_tab(profile: Path, width: int = 1440, height: int = 900, scheme: str = "light") -> Iterator[Tab]:
    """A new browser with one tab; ``profile`` is a folder for its files."""
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--no-first-run", "--remote-debugging-port=0"]
    command += [*_SOFTWARE_GL, f"--user-data-dir={profile}", "about:blank"]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_tab_address(profile), max_size=None) as connection:
            yield Tab(connection, width, height, scheme)
    finally:
        browser.terminate()
        browser.wait(timeout=20.0)


def _tab_address(profile: Path) -> str:
    """Address of the first tab; waits for the browser to start."""
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, IndexError, ValueError):
            port = int((profile / "DevToolsActivePort").read_text().splitlines()[0])
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5.0) as answer:
                pages = [target for target in json.load(answer) if target["type"] == "page"]
            return pages[0]["webSocketDebuggerUrl"]
        time.sleep(0.1)
    raise AssertionError("Chromium did not start within 60 s")
