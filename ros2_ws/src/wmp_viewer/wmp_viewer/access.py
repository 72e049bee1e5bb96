"""Who may use the page: a secret token, and pages of this server only.

Any web site that a browser shows may open a WebSocket to this machine, and any user of the machine may open
its ports. The token keeps both out; the check of the origin refuses a foreign site even with the token.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import socket
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

#: Names of this machine for itself.
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(18)


class Access:
    """The rules of one server.

    Args:
        token: that a connection must present.
        hosts: names and addresses, without port, under which this server may be reached.
    """

    def __init__(self, token: str, hosts: Iterable[str]) -> None:
        if not token:
            raise ValueError("the token is empty, expected a secret")
        self.token = token
        self._hosts = frozenset(hosts)

    def refusal(self, path: str, host: str | None, origin: str | None) -> str:
        """Why a WebSocket is refused; empty if it is not.

        Args:
            path: requested, with its query.
            host, origin: headers of the request; None without.
        """
        if host is None or _name(f"//{host}") not in self._hosts:
            return f"host {host} is not this server"
        if origin is None or urlsplit(origin).netloc != host:
            return f"origin {origin} is not a page of this server"
        given = parse_qs(urlsplit(path).query).get("token", [""])[0]
        if not hmac.compare_digest(given.encode("utf-8"), self.token.encode("utf-8")):
            return "the token is missing or wrong"
        return ""


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def page_address(host: str, port: int, token: str) -> str:
    """Address of the page. The token is in the fragment, which browsers do not send."""
    shown = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"http://{shown}:{port}/#token={token}"


def own_names(host: str) -> tuple[str, ...]:
    """Names under which a server on ``host`` may be reached."""
    if host in LOOPBACK:
        return LOOPBACK
    name = socket.gethostname()
    addresses = [name, f"{name}.local", host, *LOOPBACK]
    with contextlib.suppress(OSError):
        addresses += [str(entry[4][0]) for entry in socket.getaddrinfo(name, None)]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; the address that a neighbour sees
        addresses.append(str(probe.getsockname()[0]))
    return tuple(addresses)
