"""The interface of a link to a robot, and its statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Protocol

from wmp_core.control.command import MotorCommand
from wmp_core.robot_state import RobotState


class LinkError(RuntimeError):
    """The link cannot be opened, or was used while closed; the message says what to do."""


class Cycle(NamedTuple):
    """A cycle of a robot in lockstep: its state, or ``None`` if the state was lost."""

    state: Optional[RobotState]


class RobotLink(Protocol):
    """Interface of a link to a robot; joints in contract order."""

    def open(self) -> None: ...

    def send(self, command: MotorCommand) -> None: ...

    def receive(self, timeout_s: float, newest: bool = True) -> Optional[RobotState]: ...

    def receive_cycle(self, timeout_s: float) -> Optional[Cycle]: ...

    def close(self) -> None: ...


@dataclass
class LinkStatistics:
    """Counts since the link was opened.

    ``foreign``: packets from another address or port than the robot's.

    ``superseded``: states that a newer one replaced in the same read. ``lost``: gaps in the tick.
    ``restarts``: ticks that fell back by more than 1 s. ``silences``: pauses of more than 1 s between two
    states (real time only).
    """

    sent: int = 0
    send_failures: int = 0
    received: int = 0
    superseded: int = 0
    corrupt: int = 0
    foreign: int = 0
    duplicates: int = 0
    reordered: int = 0
    lost: int = 0
    restarts: int = 0
    silences: int = 0
