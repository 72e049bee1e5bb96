"""Who tells the robot what to do: people over ROS, or a script that knows only the robot's time."""

from __future__ import annotations

import math
import queue
import threading
from dataclasses import dataclass
from typing import Callable, Optional, Protocol, Tuple

import numpy as np

from wmp_core.control.controller import VelocityCommand
from wmp_core.control.modes import Mode, Request
from wmp_core.control.steering import heading_hold_yaw_rate
from wmp_core.robot_state import RobotState
from wmp_core.rotation import roll_pitch_yaw

#: s between two attempts of a script at a request that was refused.
_RETRY_PERIOD = 0.5


class Operator(Protocol):
    """Asked by the control thread in every cycle; times are those of the robot states, s."""

    def next_request(self, mode: Mode, now: float) -> Optional[Request]:
        """What the operator wants now. Whoever takes a request answers it in the same cycle."""

    def answer(self, refusal: Optional[str]) -> None:
        """The answer to the request just taken: granted (None), or why not."""

    def velocity(self, now: float) -> Optional[VelocityCommand]:
        """The newest velocity command; None if there never was one."""

    def see(self, state: RobotState) -> None:
        """A new robot state; the A1's carries its remote."""

    def sign_of_life(self, now: float) -> Optional[float]:
        """s of the joystick's last sign of life; None where none is in use."""

    @property
    def finished(self) -> bool:
        """Whether the operator has nothing more to do and the controller may end."""

    @property
    def failure(self) -> Optional[str]:
        """Why the operator did not reach what it wanted; None as long as all is well."""


@dataclass(frozen=True)
class Script:
    """Stand up, walk once with one velocity command, sit down.

    ``velocity``: vx m/s, vy m/s, yaw rate rad/s; ``heading_gain``: rad/s of yaw rate per rad off the heading
    at which the walk began, where none is asked for (0 leaves the robot to its drift);
    ``walk_seconds``: 0 walks until stopped;
    ``stand_seconds``: time in STAND before walking; ``patience``: s that a refused request is repeated, not
    counting those in which nobody asks the script;
    ``fault_seconds``: time in FAULT, damped, before the script ends.
    """

    velocity: Tuple[float, float, float]
    heading_gain: float = 0.0
    walk_seconds: float = 0.0
    stand_seconds: float = 1.0
    patience: float = 10.0
    fault_seconds: float = 0.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in self.velocity):
            raise ValueError(
                f"script velocity is {self.velocity}, expected three finite numbers (m/s, m/s, rad/s)"
            )
        if not (math.isfinite(self.heading_gain) and self.heading_gain >= 0):
            raise ValueError(f"script.heading_gain is {self.heading_gain!r}, expected a finite number from 0")
        for key in ("walk_seconds", "stand_seconds", "patience", "fault_seconds"):
            value = getattr(self, key)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"script.{key} is {value!r}, expected a finite number of seconds from 0")


class ScriptedOperator:
    """Carries out a :class:`Script`, knowing the mode and the robot's time and no other clock.

    ``reply(None, refusal)`` is called in the control thread with a refusal that is news.
    """

    def __init__(
        self, script: Script, reply: Callable[[object, Optional[str]], None] = lambda ticket, refusal: None
    ) -> None:
        self._script, self._reply = script, reply
        self._velocity = np.array(script.velocity, dtype=np.float32)
        self._yaw = 0.0
        self._course: Optional[float] = None
        self._mode = Mode.PASSIVE
        self._mode_since: Optional[float] = None
        self._asked: Optional[Request] = None
        self._refusal: Optional[str] = None
        self._next_attempt = -math.inf
        self._refused_for = 0.0
        self._has_stood = self._has_walked = False
        self._sits_on_purpose = self._is_ended = self._is_stopped = False
        self.finished = False
        self.failure: Optional[str] = None

    def end(self) -> None:
        """Let the script be over, wherever it is: a robot on its legs sits down. Any thread."""
        self._is_ended = True

    def stop(self) -> None:
        """Let the script be over at once, the joints damped. Any thread."""
        self._is_ended = self._is_stopped = True

    def next_request(self, mode: Mode, now: float) -> Optional[Request]:
        if self._is_stopped and mode is not Mode.PASSIVE:
            self._asked = Request.STOP
            return self._asked
        if self._mode_since is None or mode is not self._mode:
            self._mode, self._mode_since = mode, now
        if self.finished or now < self._next_attempt:
            return None
        self._asked = self._wish(mode, now - self._mode_since)
        if self._asked is not None:
            self._next_attempt = now + _RETRY_PERIOD
        return self._asked

    def answer(self, refusal: Optional[str]) -> None:
        if refusal is None:
            self._sits_on_purpose |= self._asked is Request.SIT_DOWN
            self._next_attempt, self._refused_for = -math.inf, 0.0
            return
        if refusal != self._refusal:
            self._reply(None, refusal)
        self._refusal = refusal
        self._refused_for += _RETRY_PERIOD
        if self._refused_for > self._script.patience:
            self._give_up(refusal)

    def _give_up(self, refusal: str) -> None:
        """Fail because of ``refusal``, but not before a robot on its legs has been told to sit down."""
        self.failure = self.failure or refusal
        self.finished = self._is_ended or self._mode is Mode.PASSIVE
        self._is_ended, self._refused_for = True, 0.0

    def velocity(self, now: float) -> Optional[VelocityCommand]:
        if self._course is None or self._velocity[2]:
            return VelocityCommand(self._velocity, now)
        vx, vy, _ = self._script.velocity
        turn = heading_hold_yaw_rate(self._yaw, self._course, self._script.heading_gain)
        return VelocityCommand(np.array([vx, vy, turn], dtype=np.float32), now)

    def see(self, state: RobotState) -> None:
        if not self._script.heading_gain:
            return
        self._yaw = float(roll_pitch_yaw(state.quat_wxyz)[2])
        if self._mode is Mode.WALK and self._course is None:
            self._course = self._yaw

    def sign_of_life(self, now: float) -> Optional[float]:
        return None

    def _wish(self, mode: Mode, elapsed: float) -> Optional[Request]:
        """What the script wants after ``elapsed`` s in ``mode``."""
        self._has_stood |= mode is Mode.STAND
        self._has_walked |= mode is Mode.WALK
        if mode is Mode.FAULT:
            self.failure = "the controller went to FAULT"
            self.finished = elapsed >= self._script.fault_seconds
        elif mode is Mode.PASSIVE:
            if not (self._has_stood or self._is_ended):
                return Request.STAND_UP
            self.finished = True
            if not (self._sits_on_purpose or self._is_ended):
                self.failure = "the robot sat down before the script was over"
        elif self._is_ended:
            return None if mode is Mode.SIT_DOWN else Request.SIT_DOWN
        elif mode is Mode.STAND and self._has_walked:
            self.failure = "the controller halted the robot before the script was over"
            return Request.SIT_DOWN
        elif mode is Mode.STAND and elapsed >= self._script.stand_seconds:
            return Request.WALK
        elif mode is Mode.WALK and 0 < self._script.walk_seconds <= elapsed:
            return Request.SIT_DOWN
        return None


class RosOperator:
    """Hands requests and velocities from the ROS thread to the control thread.

    ``reply(ticket, refusal)`` is called in the control thread with the ticket of an answered request, or with
    ``None`` if that came without one.
    """

    finished = False
    failure: Optional[str] = None

    def __init__(self, reply: Callable[[object, Optional[str]], None]) -> None:
        self._reply = reply
        self._requests: queue.SimpleQueue[Tuple[Request, object]] = queue.SimpleQueue()
        self._ticket: object = None
        self._lock = threading.Lock()
        self._arrived: Optional[np.ndarray] = None
        self._newest: Optional[VelocityCommand] = None

    def submit(self, request: Request, ticket: object) -> None:
        """Ask for ``request``; the answer comes with ``ticket``. Any thread."""
        self._requests.put((request, ticket))

    def command(self, vx: float, vy: float, yaw_rate: float) -> Optional[str]:
        """Set the velocity command in m/s, m/s, rad/s. Any thread. Returns why it was refused, or None."""
        value = np.array((vx, vy, yaw_rate), dtype=np.float32)
        if not np.isfinite(value).all():
            return f"velocity command ({vx}, {vy}, {yaw_rate}) is not finite: ignored"
        with self._lock:
            self._arrived = value
        return None

    def next_request(self, mode: Mode, now: float) -> Optional[Request]:
        if self._requests.empty():
            return None
        request, self._ticket = self._requests.get_nowait()
        return request

    def answer(self, refusal: Optional[str]) -> None:
        self._reply(self._ticket, refusal)

    def velocity(self, now: float) -> Optional[VelocityCommand]:
        """Stamped with the control thread's time of taking it, so that its age counts in the robot's time."""
        with self._lock:
            arrived, self._arrived = self._arrived, None
        if arrived is not None:
            self._newest = VelocityCommand(arrived, now)
        return self._newest

    def see(self, state: RobotState) -> None:
        pass

    def sign_of_life(self, now: float) -> Optional[float]:
        return None
