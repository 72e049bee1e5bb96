"""The UDP link to an A1, real or simulated: sends motor commands and receives robot states.

UDP does not report a lost connection. Therefore every state has an arrival stamp, and the safety monitor
checks its age. Not verified without a robot: its command time-out and the hand-over from sport mode.
"""

from __future__ import annotations

import logging
import select
import socket
import time
from typing import Callable, NamedTuple, Optional, Sequence, Tuple, TypeVar

import numpy as np

from wmp_core.a1 import frames, wire
from wmp_core.a1.arrival import ArrivalSocket, Datagram
from wmp_core.a1.link_settings import A1LinkSettings
from wmp_core.a1.robot_link import Cycle, LinkError, LinkStatistics, RobotLink
from wmp_core.a1.robot_lock import lock_robot
from wmp_core.a1.session import LinkSession
from wmp_core.robot_state import RobotState

#: The public names of the link.
__all__ = ["A1Link", "A1LinkSettings", "Cycle", "LinkError", "LinkStatistics", "RobotLink"]

_LOG = logging.getLogger(__name__)
_MAX_DRAIN = 256

T = TypeVar("T")


def _bound_socket(clock: Callable[[], float], port: int) -> ArrivalSocket:
    udp = ArrivalSocket(clock)
    try:
        udp.bind(("0.0.0.0", port))
    except OSError:
        udp.close()
        raise
    return udp


class _Arrival(NamedTuple):
    state: wire.LowState
    stamp: float


class A1Link(LinkSession[ArrivalSocket]):
    """:class:`RobotLink` over the A1's low-level UDP protocol.

    Arguments as for :class:`wmp_core.a1.session.LinkSession`.
    """

    def __init__(
        self, settings: A1LinkSettings, joint_names: Sequence[str], clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(settings, joint_names, clock)
        self._robot: Tuple[str, int] = ("", 0)
        self._cycle_was_lost = False

    @property
    def local_port(self) -> int:
        """The local port for states."""
        return self._open_connection().getsockname()[1]

    def open(self) -> None:
        """Lock the robot and bind the local port.

        Raises:
            LinkError: the robot's host is unknown, another program on this machine has locked the robot, or
                the port is in use.
        """
        if self._connection is not None:
            return
        host, port = self._settings.robot_host, self._settings.local_port
        try:
            self._robot = (socket.gethostbyname(host), self._settings.robot_port)
        except OSError as error:
            raise LinkError(f"robot host {host!r} is unknown ({error}); check robot_host") from error
        lock = lock_robot(*self._robot)
        try:
            udp = _bound_socket(self._clock, port)
        except OSError as error:
            lock.close()
            raise LinkError(
                f"local UDP port {port} cannot be bound ({error.strerror}); stop the other controller "
                f"(`ss -ulpn sport = :{port}` names it) or set local_port"
            ) from error
        self._begin(udp, lock)

    def receive(self, timeout_s: float, newest: bool = True) -> Optional[RobotState]:
        """Wait up to ``timeout_s`` for a state newer than the last one; ``None`` if none arrives.

        With ``newest`` the socket is drained and the last state is returned; after a pause even that may be
        old, as its stamp shows (see :mod:`wmp_core.a1.arrival`). Otherwise states are returned one by one
        (lockstep). Corrupt, foreign, repeated and reordered packets are counted and never returned.

        Raises:
            LinkError: the link is closed.
        """
        state = self._wait_for(lambda: self._read(newest), timeout_s)
        return None if state is None else self._robot_state(*state)

    def receive_cycle(self, timeout_s: float) -> Optional[Cycle]:
        """Lockstep: wait up to ``timeout_s`` for the end of the robot's next cycle; ``None`` after that.

        If a state is lost or damaged on the way, the simulated robot sends an empty datagram: the cycle has
        ended, and a controller in real time would have had to decide without that state.

        Raises:
            LinkError: the link is closed.
        """
        return self._wait_for(self._read_cycle, timeout_s)

    def _transmit(self, udp: ArrivalSocket, targets: Tuple[np.ndarray, ...]) -> bool:
        data = wire.encode_low_cmd(*targets)
        try:
            udp.sendto(data, self._robot)
        except OSError:
            # Counted instead of logged: a blocked log would block the control thread.
            self._statistics.send_failures += 1
            return False
        return True

    def _disconnect(self, udp: ArrivalSocket) -> None:
        udp.close()

    def _wait_for(self, attempt: Callable[[], Optional[T]], timeout_s: float) -> Optional[T]:
        """Repeat ``attempt`` on every arrival until it returns a value or the time is up."""
        deadline = time.monotonic() + timeout_s
        found = attempt()
        if found is not None or timeout_s <= 0:
            return found
        poll = select.poll()
        poll.register(self._open_connection(), select.POLLIN)
        while found is None:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            # Rounded up: poll(0) would spin during the last millisecond.
            poll.poll(int(remaining * 1e3) + 1)
            found = attempt()
        return found

    def _read_cycle(self) -> Optional[Cycle]:
        self._cycle_was_lost = False
        state = self._read(newest=False, by_cycle=True)
        if state is None and not self._cycle_was_lost:
            return None
        return Cycle(None if state is None else self._robot_state(*state))

    def _read(self, newest: bool, by_cycle: bool = False) -> Optional[_Arrival]:
        """The next fresh state that has already arrived, or the newest one.

        With ``by_cycle``, an empty datagram ends the reading; otherwise it counts as corrupt.
        """
        udp = self._open_connection()
        found: Optional[_Arrival] = None
        for _ in range(_MAX_DRAIN):
            try:
                datagram = udp.receive()
            except BlockingIOError:
                break
            except ConnectionError:  # the robot's host reports that nothing listens yet
                continue
            if by_cycle and not datagram.data:
                self._cycle_was_lost = True
                break
            state = self._accept(datagram)
            if state is None:
                continue
            self._statistics.superseded += found is not None
            found = _Arrival(state, datagram.stamp)
            if not newest:
                break
        return found

    def _accept(self, datagram: Datagram) -> Optional[wire.LowState]:
        if datagram.sender != self._robot:
            self._statistics.foreign += 1
            return None
        try:
            state = wire.decode_low_state(datagram.data)
        except frames.WireError as error:
            self._statistics.corrupt += 1
            _LOG.debug("packet dropped: %s", error)
            return None
        return state if self._is_fresh(state.tick, datagram.stamp) else None
