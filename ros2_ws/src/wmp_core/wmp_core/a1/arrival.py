"""A UDP socket that tells when a datagram arrived, which may be long before it is read.

A reader that was held up does not get to what is fresh by reading on: a full socket keeps its oldest
datagrams (0.2 s of an A1's states) and drops the newest, and whatever lies there may be the last words of a
robot that has fallen silent. The robot's tick cannot tell their age, as its unit is not verified. The kernel
can: it notes the system's time at which each datagram came (from some milliseconds after the first socket of
the machine has asked for it; what came before is as new as its reading).
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Callable, NamedTuple

#: Of Linux's <asm-generic/socket.h>, and the type of its message; Python does not name it.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_CONTROL_SIZE = socket.CMSG_SPACE(_TIMESPEC.size)
_LARGEST = 2048


class Datagram(NamedTuple):
    """What came, the host that sent it, and when it arrived, in s of the socket's clock."""

    data: bytes
    host: str
    stamp: float


class ArrivalSocket(socket.socket):
    """A UDP socket that does not block; ``clock`` is the time in s in which arrivals are told."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self._clock = clock
        self._last_empty = time.monotonic()
        self.setblocking(False)
        self.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    def take(self) -> Datagram:
        """The oldest datagram that has not been read.

        Raises:
            BlockingIOError: there is none.
            ConnectionError: the other side's host reports that nobody listens there.
        """
        asked = time.monotonic()
        try:
            data, control, _, (host, _) = self.recvmsg(_LARGEST, _CONTROL_SIZE)
        except BlockingIOError:
            self._last_empty = asked
            raise
        # The clock first: a thread that is held up right here makes the stamp too old, never too new.
        now = self._clock()
        return Datagram(data, host, now - self._waited(control[0][2]))

    def _waited(self, timespec: bytes) -> float:
        """s since the kernel noted ``timespec``.

        The system's time may have been set meanwhile. But nothing has waited for less than no time, nor for
        longer than since the socket was empty, which a loop in time saw one cycle ago.
        """
        seconds, nanoseconds = _TIMESPEC.unpack(timespec)
        waited = time.time() - seconds - 1e-9 * nanoseconds
        return min(max(0.0, waited), time.monotonic() - self._last_empty)
