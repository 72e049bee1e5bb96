"""Drive the robot from a terminal: keys to ``cmd_vel`` and to the services of policy_node.

The space bar is the dead-man switch. A terminal reports that a key is pressed but not that it is released;
a held key repeats. So the robot moves while spaces keep arriving, and walks on the spot afterwards.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import select
import signal
import sys
import termios
import time
import tty
from dataclasses import dataclass, replace
from typing import List, NoReturn, TextIO, Tuple

import rclpy
from geometry_msgs.msg import Twist
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from std_srvs.srv import Trigger

from wmp_ros.parameters import declare

HELP = """\
  space held: move; released: stop moving within 0.7 s
  w s   faster forward, backward        1  stand up
  a d   turn left, right                2  walk
  q e   step left, right                3  sit down
  z     velocity to zero                x  stop: damp the joints at once
  (velocities outside the trained range are clamped: the released bundle walks neither backward nor sideways)
  Ctrl-C quits (the robot then stops after its command time-out)
"""

_SERVICES = {"1": "stand_up", "2": "walk", "3": "sit_down", "x": "stop"}

#: What a terminal sends for an arrow key, a function key or Alt with a letter. None of them is used here, but
#: most contain a key that is. The rest of a sequence that was cut off follows within _REST_S [s].
_ESCAPE_SEQUENCE = re.compile(r"\x1b+(\[\[?[0-?]*[ -/]*[@-~]?|O.?|.?)", re.DOTALL)
_CUT_OFF = re.compile(r"\x1b+(\[\[?[0-?]*[ -/]*|O)?\Z")
_REST_S = 0.05

#: Interval at which cmd_vel is repeated [s]: without messages the controller assumes a lost operator.
_REPEAT_S = 0.1
#: The dead-man switch. A key that changes the velocity cannot be one: held, it would raise the velocity.
_DEAD_MAN_KEY = " "
#: Time for which it counts as held [s]. A held key repeats every 0.03 to 0.09 s, first after up to 0.66 s.
_HELD_S = 0.7
#: Time within which the same key again is a held key, not a second press [s].
_AUTOREPEAT_S = 0.12


@dataclass(frozen=True)
class Velocity:
    """Velocity command: vx (m/s), vy (m/s), yaw rate (rad/s)."""

    vx: float = 0.0
    vy: float = 0.0
    yaw_rate: float = 0.0

    def after(self, key: str, step: float = 0.1, limit: float = 1.0) -> Velocity:
        """The command after ``key`` was pressed, each axis within +-``limit``; other keys change nothing."""
        if key == "z":
            return Velocity()
        changes = {
            "w": ("vx", step),
            "s": ("vx", -step),
            "a": ("yaw_rate", step),
            "d": ("yaw_rate", -step),
            "q": ("vy", step),
            "e": ("vy", -step),
        }
        if key not in changes:
            return self
        name, change = changes[key]
        value = round(min(max(getattr(self, name) + change, -limit), limit), 3)
        return replace(self, **{name: value})

    def __str__(self) -> str:
        return f"vx {self.vx:+.1f} m/s  vy {self.vy:+.1f} m/s  yaw {self.yaw_rate:+.1f} rad/s"


class DeadManSwitch:
    """Derives from the arriving keys whether space is held; all times are from one clock [s]."""

    def __init__(self) -> None:
        self._last: Tuple[str, float] = ("", -math.inf)
        self._held_at = -math.inf

    def update(self, key: str, now: float) -> bool:
        """Add a key; returns whether it was pressed rather than repeated by the terminal."""
        last, at = self._last
        self._last = (key, now)
        if key == _DEAD_MAN_KEY:
            self._held_at = now
        return key != last or now - at > _AUTOREPEAT_S

    def is_held(self, now: float) -> bool:
        return now - self._held_at <= _HELD_S


class RawTerminal:
    """Reads single keys from a terminal and restores its settings at exit.

    Ctrl-S is an ordinary key here: as flow control it would block output, and then no ``x`` would be read.
    """

    def __init__(self, stream: TextIO) -> None:
        self._fd = stream.fileno()

    def __enter__(self) -> RawTerminal:
        self._saved = termios.tcgetattr(self._fd)
        tty.setcbreak(self._fd)
        settings = termios.tcgetattr(self._fd)
        settings[0] &= ~termios.IXON
        termios.tcsetattr(self._fd, termios.TCSANOW, settings)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)

    def keys(self, timeout_s: float) -> List[str]:
        """Letters, digits and other plain keys pressed within ``timeout_s`` [s]; no arrows or function keys.

        Raises:
            EOFError: the terminal is gone, for example because a connection broke.
        """
        typed = self._read(timeout_s)
        while _CUT_OFF.search(typed):
            rest = self._read(_REST_S)
            if not rest:
                break
            typed += rest
        return list(_ESCAPE_SEQUENCE.sub("", typed).lower())

    def _read(self, timeout_s: float) -> str:
        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        if not ready:
            return ""
        try:
            typed = os.read(self._fd, 64)
        except OSError as error:
            raise EOFError(f"the terminal is gone ({error.strerror})") from error
        if not typed:
            raise EOFError("the terminal is gone")
        return typed.decode(errors="ignore")


class Teleop(Node):
    """Publishes the velocity and calls the services of the controller named ``controller``."""

    def __init__(self) -> None:
        super().__init__("teleop_keyboard")
        controller = declare(self, "controller", "policy_node")
        self._publisher = self.create_publisher(Twist, "cmd_vel", 1)
        self._trigger_clients = {
            key: self.create_client(Trigger, f"{controller}/{name}") for key, name in _SERVICES.items()
        }
        self._dead_man = DeadManSwitch()
        self.velocity = Velocity()
        self.line = HELP

    def on_key(self, key: str, now: float) -> None:
        """Handle a key that arrived at ``now`` [s]."""
        if not self._dead_man.update(key, now):
            return
        if key in self._trigger_clients:
            self.velocity = Velocity()
            self._call(key)
        else:
            self.velocity = self.velocity.after(key)
            self.line = f"{self.velocity}  (while space is held)"

    def publish(self, now: float) -> None:
        """Publish the velocity while space is held, otherwise zero."""
        velocity = self.velocity if self._dead_man.is_held(now) else Velocity()
        twist = Twist()
        twist.linear.x, twist.linear.y = velocity.vx, velocity.vy
        twist.angular.z = velocity.yaw_rate
        self._publisher.publish(twist)

    def _call(self, key: str) -> None:
        client = self._trigger_clients[key]
        if not client.service_is_ready():
            self.line = f"no service {client.srv_name}: is policy_node running with operator 'ros'?"
            return
        self.line = f"{_SERVICES[key]} ..."
        client.call_async(Trigger.Request()).add_done_callback(self._on_answer)

    def _on_answer(self, answer: Future) -> None:
        self.line = answer.result().message


def main() -> int:
    """Run until Ctrl-C, SIGTERM, or the end of the terminal."""
    if not sys.stdin.isatty():
        sys.stderr.write("teleop_keyboard needs a terminal: start it by itself, not from a launch file\n")
        return 1
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    node = Teleop()
    try:
        with RawTerminal(sys.stdin) as terminal:
            _run(node, terminal)
    except KeyboardInterrupt:
        return 0
    except EOFError as error:
        sys.stderr.write(f"teleop_keyboard: {error}; the robot stops after its command time-out\n")
        return 1
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def _run(node: Teleop, terminal: RawTerminal) -> NoReturn:
    shown = ""
    while True:
        for key in terminal.keys(_REPEAT_S):
            node.on_key(key, time.monotonic())
        node.publish(time.monotonic())
        rclpy.spin_once(node, timeout_sec=0.0)
        if node.line != shown:
            shown = node.line
            sys.stdout.write(f"\r\033[K{shown}")
            sys.stdout.flush()
