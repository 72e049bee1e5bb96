"""What a controller needs of a robot, and what a link to one tells of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Protocol

from wmp_core.control.command import MotorCommand
from wmp_core.robot_state import RobotState


class LinkError(RuntimeError):
    """The link cannot be opened or was used while closed; says what to do."""


class Cycle(NamedTuple):
    """A cycle of a robot in lockstep: its state, ``None`` if that was lost on the way."""

    state: Optional[RobotState]


class RobotLink(Protocol):
    """What a controller needs of a robot; joints in contract order."""

    def open(self) -> None: ...

    def send(self, command: MotorCommand) -> None: ...

    def receive(self, timeout_s: float, newest: bool = True) -> Optional[RobotState]: ...

    def receive_cycle(self, timeout_s: float) -> Optional[Cycle]: ...

    def close(self) -> None: ...


@dataclass
class LinkStatistics:
    """Counts since the link was opened.

    ``superseded`` states were read but overtaken by a newer one before anyone asked; ``lost`` is judged by
    gaps of the tick; ``restarts`` counts ticks that fell back by more than a second, and ``silences``, where
    time is real, pauses of more than a second between two states.
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
