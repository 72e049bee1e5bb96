"""Drive the robot from a terminal: keys to ``cmd_vel`` and to the services of policy_node.

The keyboard as a dead-man's handle: a terminal tells of keys that are pressed, never of one that is let go,
but a key that is held repeats. So the robot moves while spaces keep coming, and walks on the spot afterwards.
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
  space held: move; let go: stop moving within 0.7 s
  w s   faster forward, backward        1  stand up
  a d   turn left, right                2  walk
  q e   step left, right                3  sit down
  z     velocity to zero                x  stop: damp the joints at once
  (velocities beyond the bundle's training are clamped: the released ones know no backward and no sideways)
  Ctrl-C ends (the robot then stands still after its command time-out)
"""

_SERVICES = {"1": "stand_up", "2": "walk", "3": "sit_down", "x": "stop"}

#: What a terminal sends for an arrow, a function key or Alt with a letter: none of them is a key of ours, but
#: most contain one. The rest of one that was cut off follows within this time (s).
_ESCAPE_SEQUENCE = re.compile(r"\x1b+(\[\[?[0-?]*[ -/]*[@-~]?|O.?|.?)", re.DOTALL)
_CUT_OFF = re.compile(r"\x1b+(\[\[?[0-?]*[ -/]*|O)?\Z")
_REST_S = 0.05

#: cmd_vel is repeated at this interval (s): the controller takes silence for a lost operator.
_REPEAT_S = 0.1
#: The dead-man's handle. A key that changes the velocity is none: held, it would raise what it sets going.
_HANDLE = " "
#: s for which it counts as held. A held key repeats every 0.03 to 0.09 s, first after up to 0.66 s.
_HELD_S = 0.7
#: s within which the same key once more is a key that is held, not one that is pressed again.
_AUTOREPEAT_S = 0.12


@dataclass(frozen=True)
class Velocity:
    """Velocity command: vx m/s, vy m/s, yaw rate rad/s, limited to +-``limit`` of each."""

    vx: float = 0.0
    vy: float = 0.0
    yaw_rate: float = 0.0

    def after(self, key: str, step: float = 0.1, limit: float = 1.0) -> Velocity:
        """The command after a key has been pressed; other keys change nothing."""
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


class DeadMan:
    """Tells from the keys that arrive whether space is being held; times in s, of one clock."""

    def __init__(self) -> None:
        self._last: Tuple[str, float] = ("", -math.inf)
        self._handle_at = -math.inf

    def is_new(self, key: str, now: float) -> bool:
        """Note a key; whether it was pressed, rather than repeated by the terminal."""
        last, at = self._last
        self._last = (key, now)
        if key == _HANDLE:
            self._handle_at = now
        return key != last or now - at > _AUTOREPEAT_S

    def is_held(self, now: float) -> bool:
        return now - self._handle_at <= _HELD_S


class RawTerminal:
    """Single key presses from a terminal, whose settings are restored on the way out.

    Ctrl-S is a key like any other: it would stop the terminal, and whoever writes there would read no ``x``.
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
        with contextlib.suppress(termios.error):  # a terminal that is gone has no settings
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)

    def keys(self, timeout_s: float) -> List[str]:
        """Letters, digits and the like pressed within ``timeout_s``; no arrows, no function keys.

        Raises:
            EOFError: the terminal is gone, as when a connection breaks: nobody can press a key any more.
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
        self._orders = {
            key: self.create_client(Trigger, f"{controller}/{name}") for key, name in _SERVICES.items()
        }
        self._dead_man = DeadMan()
        self.velocity = Velocity()
        self.line = HELP

    def press(self, key: str, now: float) -> None:
        """Act on a key that arrived at ``now`` s."""
        if not self._dead_man.is_new(key, now):
            return
        if key in self._orders:
            self.velocity = Velocity()
            self._call(key)
        else:
            self.velocity = self.velocity.after(key)
            self.line = f"{self.velocity}  (while space is held)"

    def publish(self, now: float) -> None:
        """The velocity while space is held, otherwise zero."""
        velocity = self.velocity if self._dead_man.is_held(now) else Velocity()
        twist = Twist()
        twist.linear.x, twist.linear.y = velocity.vx, velocity.vy
        twist.angular.z = velocity.yaw_rate
        self._publisher.publish(twist)

    def _call(self, key: str) -> None:
        client = self._orders[key]
        if not client.service_is_ready():
            self.line = f"{client.srv_name} does not exist: is policy_node running with operator 'ros'?"
            return
        self.line = f"{_SERVICES[key]} ..."
        client.call_async(Trigger.Request()).add_done_callback(self._show)

    def _show(self, answer: Future) -> None:
        self.line = answer.result().message


def main() -> int:
    """Run until Ctrl-C, SIGTERM, or the end of the terminal."""
    if not sys.stdin.isatty():
        sys.stderr.write("teleop_keyboard needs a terminal: start it on its own, not from a launch file\n")
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
        sys.stderr.write(f"teleop_keyboard: {error}; the robot stands still after its command time-out\n")
        return 1
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def _run(node: Teleop, terminal: RawTerminal) -> NoReturn:
    shown = ""
    while True:
        for key in terminal.keys(_REPEAT_S):
            node.press(key, time.monotonic())
        node.publish(time.monotonic())
        rclpy.spin_once(node, timeout_sec=0.0)
        if node.line != shown:
            shown = node.line
            sys.stdout.write(f"\r\033[K{shown}")
            sys.stdout.flush()
