"""The page: its files for the server, or all in one file with a walk.

Modules import each other as ``wmp/NAME``. An import map tells the browser where they are: at an address of
the server, or, in a single file that must run from disk, in the page itself as ``data:`` addresses.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

WEB = Path(__file__).parent / "web"
#: Modules by the name after ``wmp/``.
MODULES = {path.stem: path for path in sorted(WEB.glob("*.js"))} | {"three": WEB / "vendor" / "three.js"}
#: What the licence of three.js requires beside its code.
LICENCE = WEB / "vendor" / "three.LICENSE"
_STYLE, _SCRIPTS = "<!-- style -->", "<!-- scripts -->"


def live_page() -> tuple[str, str]:
    """The page whose parts the server serves, and the Content-Security-Policy to send with it."""
    import_map = _import_map({name: f"/{name}.js" for name in MODULES})
    digest = base64.b64encode(hashlib.sha256(import_map.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    scripts = (
        f'<script type="importmap">{import_map}</script>\n<script type="module" src="/main.js"></script>'
    )
    return _page('<link rel="stylesheet" href="/style.css">', scripts), policy


def single_file_page(items: Iterable[dict[str, Any]]) -> str:
    """The page with ``items`` inside: it plays from disk and loads nothing."""
    text = json.dumps(list(items), separators=(",", ":"), allow_nan=False)
    walk = base64.b64encode(zlib.compress(text.encode("utf-8"), 9)).decode("ascii")
    modules = {name: _data_address(path.read_bytes()) for name, path in MODULES.items()}
    policy = (
        "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data: blob:"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    head += f"<style>\n{(WEB / 'style.css').read_text(encoding='utf-8')}</style>"
    scripts = [
        f"<!--\n{LICENCE.read_text(encoding='utf-8')}-->",
        f'<script type="importmap">{_import_map(modules)}</script>',
        f'<script id="walk" type="text/plain">{walk}</script>',
        '<script type="module">import "wmp/main";</script>',
    ]
    return _page(head, "\n".join(scripts))


def _import_map(modules: dict[str, str]) -> str:
    return json.dumps({"imports": {f"wmp/{name}": address for name, address in modules.items()}})


def _data_address(script: bytes) -> str:
    return f"data:text/javascript;base64,{base64.b64encode(script).decode('ascii')}"


def _page(head: str, scripts: str) -> str:
    page = (WEB / "index.html").read_text(encoding="utf-8")
    return page.replace(_STYLE, head).replace(_SCRIPTS, scripts)
