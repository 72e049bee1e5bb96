"""Operators request modes and velocities: people over ROS, or a script that runs on the robot's time."""

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

#: Interval at which a script repeats a refused request [s].
_RETRY_PERIOD = 0.5


class Operator(Protocol):
    """Polled by the control thread in every cycle; times are in s, on the clock of the robot states."""

    def next_request(self, mode: Mode, now: float) -> Optional[Request]:
        """The next request, None if there is none. The caller answers it in the same cycle."""

    def answer(self, refusal: Optional[str]) -> None:
        """Answer the last request: None grants it, a text says why it is refused."""

    def velocity(self, now: float) -> Optional[VelocityCommand]:
        """The newest velocity command; None before the first."""

    def on_state(self, state: RobotState) -> None:
        """Use a new robot state: for the heading, or for the A1's remote, whose data it contains."""

    def joystick_stamp(self, now: float) -> Optional[float]:
        """Time of the joystick's last message [s]; None if the operator has no joystick."""

    @property
    def finished(self) -> bool:
        """Whether the operator is done, so that the controller can end."""

    @property
    def failure(self) -> Optional[str]:
        """Why the operator failed; None while it has not."""


@dataclass(frozen=True)
class Script:
    """Stand up, walk once with one velocity command, sit down.

    Attributes:
        velocity: vx [m/s], vy [m/s], yaw rate [rad/s].
        heading_gain: yaw rate per heading error [rad/s per rad]; it holds the heading at which the walk began
            if ``velocity`` has no yaw rate; 0 lets the heading drift.
        walk_seconds: time in WALK; 0 walks until stopped.
        stand_seconds: time in STAND before walking.
        patience: time for which a refused request is repeated [s]; only time in which the control thread
            polls the script counts.
        fault_seconds: time in FAULT, damped, before the script ends.

    Raises:
        ValueError: a value is not finite or negative.
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
    """Executes a :class:`Script` from the mode and the robot's time alone; uses no other clock.

    It calls ``reply(None, refusal)`` in the control thread whenever the refusal differs from the last one.
    """

    def __init__(
        self, script: Script, reply: Callable[[object, Optional[str]], None] = lambda ticket, refusal: None
    ) -> None:
        self._script, self._reply = script, reply
        self._velocity = np.array(script.velocity, dtype=np.float32)
        self._yaw = 0.0
        self._target_heading: Optional[float] = None
        self._mode = Mode.PASSIVE
        self._mode_since: Optional[float] = None
        self._request: Optional[Request] = None
        self._refusal: Optional[str] = None
        self._next_attempt = -math.inf
        self._refused_for = 0.0
        self._has_stood = self._has_walked = False
        self._sit_was_granted = self._is_ended = self._is_stopped = False
        self.finished = False
        self.failure: Optional[str] = None

    def end(self) -> None:
        """End the script in any mode; a robot on its legs sits down. Any thread."""
        self._is_ended = True

    def stop(self) -> None:
        """End the script at once and damp the joints. Any thread."""
        self._is_ended = self._is_stopped = True

    def next_request(self, mode: Mode, now: float) -> Optional[Request]:
        if self._is_stopped and mode is not Mode.PASSIVE:
            self._request = Request.STOP
            return self._request
        if self._mode_since is None or mode is not self._mode:
            self._mode, self._mode_since = mode, now
        if self.finished or now < self._next_attempt:
            return None
        self._request = self._scripted_request(mode, now - self._mode_since)
        if self._request is not None:
            self._next_attempt = now + _RETRY_PERIOD
        return self._request

    def answer(self, refusal: Optional[str]) -> None:
        if refusal is None:
            self._sit_was_granted |= self._request is Request.SIT_DOWN
            self._next_attempt, self._refused_for = -math.inf, 0.0
            return
        if refusal != self._refusal:
            self._reply(None, refusal)
        self._refusal = refusal
        self._refused_for += _RETRY_PERIOD
        if self._refused_for > self._script.patience:
            self._give_up(refusal)

    def _give_up(self, refusal: str) -> None:
        """Fail because of ``refusal``; a robot on its legs is requested to sit down first."""
        self.failure = self.failure or refusal
        self.finished = self._is_ended or self._mode is Mode.PASSIVE
        self._is_ended, self._refused_for = True, 0.0

    def velocity(self, now: float) -> Optional[VelocityCommand]:
        if self._target_heading is None or self._velocity[2]:
            return VelocityCommand(self._velocity, now)
        vx, vy, _ = self._script.velocity
        turn = heading_hold_yaw_rate(self._yaw, self._target_heading, self._script.heading_gain)
        return VelocityCommand(np.array([vx, vy, turn], dtype=np.float32), now)

    def on_state(self, state: RobotState) -> None:
        if not self._script.heading_gain:
            return
        self._yaw = float(roll_pitch_yaw(state.quat_wxyz)[2])
        if self._mode is Mode.WALK and self._target_heading is None:
            self._target_heading = self._yaw

    def joystick_stamp(self, now: float) -> Optional[float]:
        return None

    def _scripted_request(self, mode: Mode, elapsed: float) -> Optional[Request]:
        """The request that the script makes after ``elapsed`` s in ``mode``."""
        self._has_stood |= mode is Mode.STAND
        self._has_walked |= mode is Mode.WALK
        if mode is Mode.FAULT:
            self.failure = "the controller entered FAULT"
            self.finished = elapsed >= self._script.fault_seconds
        elif mode is Mode.PASSIVE:
            if not (self._has_stood or self._is_ended):
                return Request.STAND_UP
            self.finished = True
            if not (self._sit_was_granted or self._is_ended):
                self.failure = "the robot sat down before the script ended"
        elif self._is_ended:
            return None if mode is Mode.SIT_DOWN else Request.SIT_DOWN
        elif mode is Mode.STAND and self._has_walked:
            self.failure = "the controller stopped the walk before the script ended"
            return Request.SIT_DOWN
        elif mode is Mode.STAND and elapsed >= self._script.stand_seconds:
            return Request.WALK
        elif mode is Mode.WALK and 0 < self._script.walk_seconds <= elapsed:
            return Request.SIT_DOWN
        return None


class RosOperator:
    """Passes requests and velocities from the ROS thread to the control thread.

    It calls ``reply(ticket, refusal)`` in the control thread with the ticket of the answered request; the
    ticket is None if the request came without one.
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
        """Queue ``request``; its answer carries ``ticket``. Any thread."""
        self._requests.put((request, ticket))

    def command(self, vx: float, vy: float, yaw_rate: float) -> Optional[str]:
        """Set the velocity command [m/s, m/s, rad/s]; returns why it is refused, or None. Any thread."""
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
        """Stamped when the control thread first reads it, so that its age is measured in the robot's time."""
        with self._lock:
            arrived, self._arrived = self._arrived, None
        if arrived is not None:
            self._newest = VelocityCommand(arrived, now)
        return self._newest

    def on_state(self, state: RobotState) -> None:
        pass

    def joystick_stamp(self, now: float) -> Optional[float]:
        return None
