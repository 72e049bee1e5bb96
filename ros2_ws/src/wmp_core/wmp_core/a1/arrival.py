"""A UDP socket that stamps each datagram with its arrival time, which may be long before it is read.

A delayed reader cannot reach fresh data by reading on: a full socket keeps its oldest datagrams (0.2 s of an
A1's states) and drops the newest, and the robot may have fallen silent since. The robot's tick does not give
the age, because its unit is not verified. The kernel's arrival time does. It starts some milliseconds after
the first socket of the machine has requested it; earlier datagrams are stamped with the time of reading.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Callable, NamedTuple, Tuple

#: From Linux's <asm-generic/socket.h>, missing in Python; the message is a struct timespec.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_CONTROL_SIZE = socket.CMSG_SPACE(_TIMESPEC.size)
_LARGEST = 2048


class Datagram(NamedTuple):
    """Data, address of the sender (host, port), and arrival time in s of the socket's clock."""

    data: bytes
    sender: Tuple[str, int]
    stamp: float


class ArrivalSocket(socket.socket):
    """A non-blocking UDP socket; ``clock`` returns the time in s used for arrival times."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self._clock = clock
        self._last_empty = time.monotonic()
        self.setblocking(False)
        self.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    def receive(self) -> Datagram:
        """The oldest unread datagram.

        Raises:
            BlockingIOError: there is none.
            ConnectionError: the peer's host reports that no socket listens there.
        """
        before = time.monotonic()
        try:
            data, control, _, sender = self.recvmsg(_LARGEST, _CONTROL_SIZE)
        except BlockingIOError:
            self._last_empty = before
            raise
        # The clock first: a delay of the thread here makes the stamp too old, never too new.
        now = self._clock()
        return Datagram(data, sender, now - self._waited(control[0][2]))

    def _waited(self, timespec: bytes) -> float:
        """Time in s since the kernel's ``timespec``.

        The system time may have been set since then. The result is therefore limited to at least 0 and at
        most the time since the socket was last empty, one cycle ago for a loop without delay.
        """
        seconds, nanoseconds = _TIMESPEC.unpack(timespec)
        waited = time.time() - seconds - 1e-9 * nanoseconds
        return min(max(0.0, waited), time.monotonic() - self._last_empty)
