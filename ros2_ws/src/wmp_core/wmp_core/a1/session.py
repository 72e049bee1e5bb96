"""The part of a link to an A1 that does not depend on the transport."""

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
from wmp_core.a1.tick import TICK_SECONDS, TickOrder
from wmp_core.a1.translation import motor_targets, robot_state
from wmp_core.control.command import MotorCommand
from wmp_core.control.damping import damping_gain
from wmp_core.robot_state import RobotState

ConnectionT = TypeVar("ConnectionT")
SessionT = TypeVar("SessionT", bound="LinkSession")

#: s; in a longer pause between two states the robot may have been restarted.
_SILENCE_S = 1.0


class LinkSession(ABC, Generic[ConnectionT]):
    """Joint order, stamps, statistics, and the damping that ends the session.

    Usable as a context manager. Not thread-safe: one thread sends and receives.

    Args:
        settings: addresses and stamps.
        joint_names: in contract order.
        clock: returns the arrival time in s; unused if states are stamped by their tick.
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
        self._ticks = TickOrder(self._statistics)
        self._newest_arrival: Optional[float] = None
        self._velocity = np.zeros(len(joint_names))

    @property
    def statistics(self) -> LinkStatistics:
        """A snapshot of the counts."""
        return dataclasses.replace(self._statistics)

    @abstractmethod
    def open(self) -> None:
        """Connect to the robot; no effect if open.

        Raises:
            LinkError: the connection fails; the message says what to do.
        """

    def send(self, command: MotorCommand) -> None:
        """Send one command. A network failure is counted and not raised: the next cycle sends again.

        Raises:
            frames.WireError: the command has a value that must not be sent.
            LinkError: the link is closed.
        """
        connection = self._open_connection()
        if self._transmit(connection, motor_targets(self._order, command)):
            self._statistics.sent += 1

    def check(self, command: MotorCommand) -> None:
        """Check a command as :meth:`send` does, without sending it; works on a closed link too.

        Raises:
            frames.WireError: the command has a value that must not be sent.
        """
        wire.checked_command(*motor_targets(self._order, command))

    def close(self) -> None:
        """Send damping several times (a packet may be lost), then close; no effect if closed.

        The link is closed even if sending raises.
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
        """Send rows q, dq, tau, kp, kd in motor order; returns whether they were sent.

        Raises:
            frames.WireError: the rows have a value that must not be sent.
        """

    @abstractmethod
    def _disconnect(self, connection: ConnectionT) -> None:
        """Close what :meth:`open` opened."""

    def _begin(self, connection: ConnectionT, lock: socket.socket) -> None:
        """Start a session with new statistics over ``connection``, holding the robot's ``lock``."""
        self._connection, self._lock, self._statistics = connection, lock, LinkStatistics()
        self._ticks, self._newest_arrival = TickOrder(self._statistics), None

    def _open_connection(self) -> ConnectionT:
        if self._connection is None:
            raise LinkError("the link to the robot is closed; call open() first")
        return self._connection

    def _is_fresh(self, tick: int, arrival: float) -> bool:
        """Whether a state with this tick is newer than all before; counts it."""
        is_fresh = self._ticks.accept(tick, None if self._settings.stamp_from_tick else arrival)
        self._statistics.received += is_fresh
        return is_fresh

    def _robot_state(self, state: wire.LowState, arrival: float) -> RobotState:
        if self._settings.stamp_from_tick:  # in lockstep the robot waits, so a pause has no meaning
            stamp = state.tick * TICK_SECONDS
        else:
            stamp = arrival
            self._count_silence(arrival)
        translated = robot_state(self._order, state, stamp, self._statistics.restarts)
        self._velocity = translated.dq
        return translated

    def _count_silence(self, arrival: float) -> None:
        before, self._newest_arrival = self._newest_arrival, arrival
        if before is not None and arrival - before > _SILENCE_S:
            self._statistics.silences += 1
