"""Operators with a joystick: the A1's own remote, or a pad on ``sensor_msgs/Joy``; both keep the services."""

from __future__ import annotations

import threading
from typing import Callable, Optional, Sequence

import numpy as np

from wmp_controller.operator import RosOperator
from wmp_core.a1.remote import decode_remote, is_received
from wmp_core.control.controller import VelocityCommand
from wmp_core.control.joystick import Joystick, JoystickSettings, Pad
from wmp_core.control.modes import Mode, Request
from wmp_core.robot_state import RobotState


class JoystickOperator(RosOperator):
    """Takes velocities from the pad, and requests from the pad and from services; ignores ``cmd_vel``.

    The answer to a button goes to ``reply`` without a ticket: nobody waits for it.
    """

    def __init__(self, reply: Callable[[object, Optional[str]], None], settings: JoystickSettings) -> None:
        super().__init__(reply)
        self._joystick = Joystick(settings)
        self._pad_lock = threading.Lock()
        self._pad: Optional[Pad] = None
        self._pad_request: Optional[Request] = None
        self._pad_stamp: Optional[float] = None
        self._started: Optional[float] = None
        self._velocity = np.zeros(3, dtype=np.float32)

    def on_pad(self, pad: Pad) -> None:
        """Use the newest pad. Any thread.

        A button that is released before the control thread polls still counts, and no later button replaces
        a stop.
        """
        with self._pad_lock:
            self._pad = pad
            request = self._joystick.request(pad)
            if request is not None and self._pad_request is not Request.STOP:
                self._pad_request = request

    def next_request(self, mode: Mode, now: float) -> Optional[Request]:
        with self._pad_lock:
            request, self._pad_request = self._pad_request, None
        if request is None:
            return super().next_request(mode, now)
        self._ticket = None
        return request

    def velocity(self, now: float) -> Optional[VelocityCommand]:
        """Always stamped ``now``: :meth:`joystick_stamp` shows the age of a pad that falls silent."""
        self._update(now)
        return VelocityCommand(self._velocity, now)

    def joystick_stamp(self, now: float) -> Optional[float]:
        """Control thread's time of the newest pad [s]; before the first pad, time of the first call."""
        self._update(now)
        return self._pad_stamp if self._pad_stamp is not None else self._started

    def _update(self, now: float) -> None:
        if self._started is None:
            self._started = now
        with self._pad_lock:
            pad, self._pad = self._pad, None
        if pad is not None:
            self._pad_stamp, self._velocity = now, self._joystick.velocity(pad)


class RemoteOperator(JoystickOperator):
    """The A1's own remote, which every robot state contains.

    The robot repeats the last bytes of a remote that falls silent, and an owner of SDK 3.3.1 reports bytes
    that never change at low level. So the remote counts as alive by changes of its content: no torque is
    granted before the first one, and a stick that is held without the least motion does not renew the
    joystick's stamp.

    The safety monitor handles its stop: it damps at once and enters FAULT. The operator passes the stop on
    only in FAULT, where it acknowledges the fault.
    """

    def __init__(self, reply: Callable[[object, Optional[str]], None], settings: JoystickSettings) -> None:
        super().__init__(reply, settings)
        self._bytes = b""
        self._is_alive = False

    def next_request(self, mode: Mode, now: float) -> Optional[Request]:
        request = super().next_request(mode, now)
        is_from_remote = self._ticket is None
        if is_from_remote and request is Request.STOP and mode is not Mode.FAULT:
            return None
        if request in (Request.STAND_UP, Request.WALK) and not self._is_alive:
            self.answer(
                f"{request.value} refused: the remote has not been seen alive; "
                "switch it on and move a stick, or choose another operator"
            )
            return None
        return request

    def on_state(self, state: RobotState) -> None:
        if not is_received(state.remote):
            return
        has_changed = state.remote != self._bytes
        self._is_alive |= has_changed and bool(self._bytes)
        self._bytes = state.remote
        remote = decode_remote(state.remote)
        pad = Pad(remote.buttons, remote.lx, remote.ly, remote.rx, remote.ry)
        # No hand holds a stick so still that its reading does not change.
        if has_changed or not self._joystick.velocity(pad).any():
            self.on_pad(pad)


def pad_from_joy(
    axes: Sequence[float], pressed: Sequence[int], sticks: Sequence[int], names: Sequence[str]
) -> Pad:
    """Convert a ``sensor_msgs/Joy`` to a pad.

    Args:
        axes, pressed: axes and buttons of the message; axes are positive to the left and up.
        sticks: indices of the left stick's horizontal and vertical axis, then of the right stick's.
        names: name of each button, in the order of the message.
    """
    held = frozenset(name for name, down in zip(names, pressed) if down)
    lx, ly, rx, ry = (axes[index] if 0 <= index < len(axes) else 0.0 for index in sticks)
    return Pad(held, -lx, ly, -rx, ry)
