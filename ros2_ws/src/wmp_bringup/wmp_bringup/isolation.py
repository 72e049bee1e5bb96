"""Free ports and ROS domains, so that runs on one machine do not receive each other's messages."""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass

#: Domains whose ports are below Linux's ephemeral range (32768).
DOMAINS = range(1, 101)


class NoFreeDomainError(RuntimeError):
    """All ROS domains of this machine are in use."""


@dataclass(frozen=True)
class Reservation:
    """A ROS domain reserved for this process until it ends, in whatever way."""

    domain_id: int
    lock: socket.socket


def reserve_domain(requested: int | None = None) -> Reservation:
    """Reserve the ROS domain ``requested``, else one without participants.

    The lock is a Linux abstract socket: two runs that start at the same instant cannot choose the same
    domain, and nothing is left on disk. ``requested`` may be in use: the caller joins it on purpose.

    Raises:
        NoFreeDomainError: every domain is in use.
    """
    if requested is not None:
        return Reservation(requested, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    for domain in random.sample(DOMAINS, len(DOMAINS)):
        lock = _lock(domain)
        if lock is not None and _is_free(domain):
            return Reservation(domain, lock)
    raise NoFreeDomainError(
        f"every ROS domain of {DOMAINS.start}..{DOMAINS.stop - 1} is in use; stop a run, or choose a "
        "domain with --domain-id"
    )


def local_discovery(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that restrict discovery to this machine, unless ``environment`` sets another range."""
    humble = environment.get("ROS_DISTRO") == "humble"
    name, local = ("ROS_LOCALHOST_ONLY", "1") if humble else ("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    return {name: environment.get(name) or local}


def free_udp_port() -> int:
    """A UDP port that is free at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_tcp_port(host: str = "127.0.0.1") -> int:
    """A TCP port of ``host`` that is free at this moment.

    Raises:
        OSError: ``host`` is not an address of this machine.
    """
    with socket.create_server((host, 0)) as probe:
        return probe.getsockname()[1]


def _lock(domain: int) -> socket.socket | None:
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        lock.bind(f"\0wmp_ros_domain_{domain}")
    except OSError:
        lock.close()
        return None
    return lock


def _is_free(domain: int) -> bool:
    """Whether the discovery port of the domain's first participant is unused (DDSI-RTPS 9.6.2.3)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", 7400 + 250 * domain + 10))
        except OSError:
            return False
    return True
