"""Drive the robot from a terminal: keys to ``cmd_vel`` and to the services of policy_node.

The space bar is the dead-man switch. A terminal reports that a key is pressed, never that it is released, but
it repeats a key that is held: the robot moves while spaces keep arriving, and walks on the spot afterwards.
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
  hold space to move; release it to stop moving within 0.7 s
  w s   faster forward, backward        1  stand up
  a d   turn left, right                2  walk
  q e   step left, right                3  sit down
  z     velocity to zero                x  stop: damp the joints at once
  (velocities outside the bundle's trained range are clamped: the released bundles walk neither backward
   nor sideways)
  Ctrl-C ends teleoperation (the robot stands still after its command time-out)
"""

_SERVICES = {"1": "stand_up", "2": "walk", "3": "sit_down", "x": "stop"}

#: Sequences that a terminal sends for an arrow, a function key or Alt with a letter. None of them is bound
#: here, but most contain a letter or digit that is. The rest of a truncated one arrives within ``_REST_S`` s.
_ESCAPE_SEQUENCE = re.compile(r"\x1b+(\[\[?[0-?]*[ -/]*[@-~]?|O.?|.?)", re.DOTALL)
_TRUNCATED = re.compile(r"\x1b+(\[\[?[0-?]*[ -/]*|O)?\Z")
_REST_S = 0.05

#: Interval at which cmd_vel is repeated [s]: to the controller, silence means that the operator is lost.
_REPEAT_S = 0.1
#: The dead-man switch. A key that changes the velocity cannot be one: held, it would keep changing it.
_DEAD_MAN_KEY = " "
#: Time after a space for which it counts as held [s]. A held key repeats every 0.03 to 0.09 s, the first time
#: after up to 0.66 s.
_HELD_S = 0.7
#: Longest interval between repeats of a held key [s]; the same key after a longer one is a new press.
_AUTOREPEAT_S = 0.12


@dataclass(frozen=True)
class Velocity:
    """Velocity command: vx [m/s], vy [m/s], yaw rate [rad/s]."""

    vx: float = 0.0
    vy: float = 0.0
    yaw_rate: float = 0.0

    def after(self, key: str, step: float = 0.1, limit: float = 1.0) -> Velocity:
        """The command after ``key``: one axis changes by ``step``, within +-``limit``; ``z`` resets all.

        Other keys change nothing.
        """
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
    """Infers from the keys that arrive whether space is held; times in s, on one clock."""

    def __init__(self) -> None:
        self._last: Tuple[str, float] = ("", -math.inf)
        self._last_held = -math.inf

    def on_key(self, key: str, now: float) -> bool:
        """Record a key; returns whether it was pressed, as opposed to repeated by the terminal."""
        last, at = self._last
        self._last = (key, now)
        if key == _DEAD_MAN_KEY:
            self._last_held = now
        return key != last or now - at > _AUTOREPEAT_S

    def is_held(self, now: float) -> bool:
        """Whether space is held at ``now`` [s]."""
        return now - self._last_held <= _HELD_S


class RawTerminal:
    """Reads single key presses from a terminal; a context manager that restores the terminal's settings.

    Flow control is off, so Ctrl-S is an ordinary key: it would suspend the terminal, and this program would
    block on its output and miss an ``x``.
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
        with contextlib.suppress(termios.error):  # a closed terminal has no settings
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)

    def keys(self, timeout_s: float) -> List[str]:
        """Printable keys pressed within ``timeout_s``, in lower case; no arrows, no function keys.

        Raises:
            EOFError: the terminal is closed, as when a connection breaks: no key can be pressed any more.
        """
        typed = self._read(timeout_s)
        while _TRUNCATED.search(typed):
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
            raise EOFError(f"the terminal is closed ({error.strerror})") from error
        if not typed:
            raise EOFError("the terminal is closed")
        return typed.decode(errors="ignore")


class Teleop(Node):
    """Publishes ``cmd_vel`` and calls the services of the node that parameter ``controller`` names."""

    def __init__(self) -> None:
        super().__init__("teleop_keyboard")
        controller = declare(self, "controller", "policy_node")
        self._publisher = self.create_publisher(Twist, "cmd_vel", 1)
        self._requests = {
            key: self.create_client(Trigger, f"{controller}/{name}") for key, name in _SERVICES.items()
        }
        self._dead_man = DeadManSwitch()
        self.velocity = Velocity()
        self.line = HELP

    def on_key(self, key: str, now: float) -> None:
        """Handle a key that arrived at ``now`` [s]."""
        if not self._dead_man.on_key(key, now):
            return
        if key in self._requests:
            self.velocity = Velocity()
            self._call(key)
        else:
            self.velocity = self.velocity.after(key)
            self.line = f"{self.velocity}  (while space is held)"

    def publish(self, now: float) -> None:
        """Publish the velocity while space is held, zero otherwise."""
        velocity = self.velocity if self._dead_man.is_held(now) else Velocity()
        twist = Twist()
        twist.linear.x, twist.linear.y = velocity.vx, velocity.vy
        twist.angular.z = velocity.yaw_rate
        self._publisher.publish(twist)

    def _call(self, key: str) -> None:
        client = self._requests[key]
        if not client.service_is_ready():
            self.line = f"{client.srv_name} is not available: is policy_node running with operator 'ros'?"
            return
        self.line = f"{_SERVICES[key]} ..."
        client.call_async(Trigger.Request()).add_done_callback(self._show_answer)

    def _show_answer(self, answer: Future) -> None:
        self.line = answer.result().message


def main() -> int:
    """Run until Ctrl-C, SIGTERM, or until the terminal closes; returns the exit code."""
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
        sys.stderr.write(f"teleop_keyboard: {error}; the robot stands still after its command time-out\n")
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
