"""What every link to an A1 does the same, whatever carries its packets."""

from __future__ import annotations

import dataclasses
import socket
import time
from abc import ABC, abstractmethod
from typing import Callable, Generic, Optional, Sequence, Tuple, TypeVar

import numpy as np

from wmp_core.a1 import wire
from wmp_core.a1.joints import JointOrder
from wmp_core.a1.link_settings import A1LinkSettings
from wmp_core.a1.robot_link import LinkError, LinkStatistics
from wmp_core.a1.tick import TICK_SECONDS
from wmp_core.a1.translation import motor_targets, robot_state
from wmp_core.control.command import MotorCommand
from wmp_core.control.damping import damping_gain
from wmp_core.robot_state import RobotState

ConnectionT = TypeVar("ConnectionT")
SessionT = TypeVar("SessionT", bound="LinkSession")

#: s without a state in which a robot may have been switched off and on.
_SILENCE_S = 1.0


class LinkSession(ABC, Generic[ConnectionT]):
    """Joint order, stamps and counts of a link, and the damping that ends it.

    Usable as a context manager. Not thread-safe: one thread sends and receives.

    Args:
        settings: addresses and stamps.
        joint_names: the contract's joints, in its order.
        clock: time in s of an arriving state, unless it is stamped by its tick.
    """

    def __init__(
        self, settings: A1LinkSettings, joint_names: Sequence[str], clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._order = JointOrder(joint_names)
        self._clock = clock
        self._connection: Optional[ConnectionT] = None
        self._lock: Optional[socket.socket] = None
        self._statistics = LinkStatistics()
        self._newest_arrival: Optional[float] = None
        self._velocity = np.zeros(len(joint_names))

    @property
    def statistics(self) -> LinkStatistics:
        """A snapshot of the counts."""
        return dataclasses.replace(self._statistics)

    @abstractmethod
    def open(self) -> None:
        """Connect to the robot; harmless when open.

        Raises:
            LinkError: it cannot be done; says what to do.
        """

    def send(self, command: MotorCommand) -> None:
        """Send one command. A network failure is counted, not raised: the next cycle tries again.

        Raises:
            frames.WireError: the command holds what must not be sent.
            LinkError: the link is closed.
        """
        connection = self._open_connection()
        if self._transmit(connection, motor_targets(self._order, command)):
            self._statistics.sent += 1

    def check(self, command: MotorCommand) -> None:
        """Raise what :meth:`send` would raise of the command itself; sends nothing, open or closed.

        Raises:
            frames.WireError: the command holds what must not be sent.
        """
        wire.checked_command(*motor_targets(self._order, command))

    def close(self) -> None:
        """Send damping several times (one packet may be lost), then close; harmless when closed.

        The link is closed afterwards even if sending raises.
        """
        if self._connection is None:
            return
        settings = self._settings
        damping = MotorCommand.damping(
            damping_gain(settings.damping_kd, self._velocity, settings.damping_torque, settings.damping_power)
        )
        try:
            for _ in range(settings.damping_repeats):
                self.send(damping)
                time.sleep(0.002)
        finally:
            connection, self._connection = self._connection, None
            self._disconnect(connection)
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def __enter__(self: SessionT) -> SessionT:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def _transmit(self, connection: ConnectionT, targets: Tuple[np.ndarray, ...]) -> bool:
        """Send rows q, dq, tau, kp, kd in motor order; returns whether they went out.

        Raises:
            frames.WireError: the rows hold what must not be sent.
        """

    @abstractmethod
    def _disconnect(self, connection: ConnectionT) -> None:
        """Let go of what :meth:`open` took."""

    def _begin(self, connection: ConnectionT, lock: socket.socket) -> None:
        """A session over ``connection``, with the ``lock`` to its robot: its counts begin at 0."""
        self._connection, self._lock, self._statistics = connection, lock, LinkStatistics()
        self._newest_arrival = None

    def _open_connection(self) -> ConnectionT:
        if self._connection is None:
            raise LinkError("the link to the robot is closed; call open() first")
        return self._connection

    def _robot_state(self, state: wire.LowState, arrival: float) -> RobotState:
        if self._settings.stamp_from_tick:  # in lockstep the robot waits, and a pause means nothing
            stamp = state.tick * TICK_SECONDS
        else:
            stamp = arrival
            self._count_silence(arrival)
        translated = robot_state(self._order, state, stamp)
        self._velocity = translated.dq
        return translated

    def _count_silence(self, arrival: float) -> None:
        before, self._newest_arrival = self._newest_arrival, arrival
        if before is not None and arrival - before > _SILENCE_S:
            self._statistics.silences += 1
