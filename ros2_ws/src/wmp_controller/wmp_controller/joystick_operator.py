"""People with a joystick: the A1's own remote, or a pad on ``sensor_msgs/Joy``. Services go on working."""

from __future__ import annotations

import threading
from typing import Callable, Optional, Sequence

import numpy as np

from wmp_controller.operator import RosOperator
from wmp_core.a1.remote import REMOTE_SIZE, decode_remote
from wmp_core.control.controller import VelocityCommand
from wmp_core.control.joystick import Joystick, JoystickSettings, Pad
from wmp_core.control.modes import Mode, Request
from wmp_core.robot_state import RobotState


class JoystickOperator(RosOperator):
    """Velocities come from the pad; requests from the pad and from ROS. ``cmd_vel`` is not listened to.

    What a press is answered with goes to ``reply`` without a ticket: nobody waits for it.
    """

    def __init__(self, reply: Callable[[object, Optional[str]], None], settings: JoystickSettings) -> None:
        super().__init__(reply)
        self._joystick = Joystick(settings)
        self._pad_lock = threading.Lock()
        self._pad: Optional[Pad] = None
        self._wish: Optional[Request] = None
        self._stamp: Optional[float] = None
        self._started: Optional[float] = None
        self._motion = np.zeros(3, dtype=np.float32)

    def hand(self, pad: Pad) -> None:
        """The newest pad. Any thread; a press counts even if the next pad comes before anyone asked."""
        with self._pad_lock:
            self._pad = pad
            wish = self._joystick.request(pad)
            if wish is not None and self._wish is not Request.STOP:
                self._wish = wish

    def next_request(self, mode: Mode, now: float) -> Optional[Request]:
        with self._pad_lock:
            wish, self._wish = self._wish, None
        if wish is None:
            return super().next_request(mode, now)
        self._ticket = None
        return wish

    def velocity(self, now: float) -> Optional[VelocityCommand]:
        """Never old: a pad that is lost is told by :meth:`sign_of_life`."""
        self._take(now)
        return VelocityCommand(self._motion, now)

    def sign_of_life(self, now: float) -> Optional[float]:
        """s of the newest pad, in the control thread's time; of the first question if there was none yet."""
        self._take(now)
        return self._stamp if self._stamp is not None else self._started

    def _take(self, now: float) -> None:
        if self._started is None:
            self._started = now
        with self._pad_lock:
            pad, self._pad = self._pad, None
        if pad is not None:
            self._stamp, self._motion = now, self._joystick.velocity(pad)


class RemoteOperator(JoystickOperator):
    """The A1's own remote, which travels in every state. All zeros: it is off, or out of reach.

    Its stop is the safety monitor's business, which damps at once and goes to FAULT; pressed again, it
    acknowledges.
    """

    def next_request(self, mode: Mode, now: float) -> Optional[Request]:
        request = super().next_request(mode, now)
        is_from_remote = self._ticket is None
        return None if is_from_remote and request is Request.STOP and mode is not Mode.FAULT else request

    def see(self, state: RobotState) -> None:
        if len(state.remote) == REMOTE_SIZE and any(state.remote):
            remote = decode_remote(state.remote)
            self.hand(Pad(remote.buttons, remote.lx, remote.ly, remote.rx, remote.ry))


def pad_from_joy(
    axes: Sequence[float], pressed: Sequence[int], sticks: Sequence[int], names: Sequence[str]
) -> Pad:
    """A ``sensor_msgs/Joy`` as a pad.

    Args:
        axes, pressed: of the message; its axes are positive to the left and up.
        sticks: indices of the left stick's horizontal and vertical axis, then the right stick's.
        names: what each button stands for.
    """
    held = frozenset(name for name, down in zip(names, pressed) if down)
    lx, ly, rx, ry = (axes[index] if 0 <= index < len(axes) else 0.0 for index in sticks)
    return Pad(held, -lx, ly, -rx, ry)
