"""Drive the robot from a terminal: keys to ``cmd_vel`` and to the services of policy_node."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from dataclasses import dataclass, replace
from types import TracebackType
from typing import List, NoReturn, Optional, TextIO, Type

import rclpy
from geometry_msgs.msg import Twist
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from std_srvs.srv import Trigger

HELP = """\
  w s   faster forward, backward        1  stand up
  a d   turn left, right                2  walk
  q e   step left, right                3  sit down
  space stand still                     x  stop: damp the joints at once
  Ctrl-C ends (the robot then stands still after its command time-out)
"""

_SERVICES = {"1": "stand_up", "2": "walk", "3": "sit_down", "x": "stop"}

#: cmd_vel is repeated at this interval (s): the controller takes silence for a lost operator.
_REPEAT_S = 0.1


@dataclass(frozen=True)
class Velocity:
    """Velocity command: vx m/s, vy m/s, yaw rate rad/s, limited to +-``limit`` of each."""

    vx: float = 0.0
    vy: float = 0.0
    yaw_rate: float = 0.0

    def after(self, key: str, step: float = 0.1, limit: float = 1.0) -> Velocity:
        """The command after a key has been pressed; other keys change nothing."""
        if key == " ":
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


class RawTerminal:
    """Single key presses from a terminal, whose settings are restored on the way out."""

    def __init__(self, stream: TextIO) -> None:
        self._fd = stream.fileno()

    def __enter__(self) -> RawTerminal:
        self._saved = termios.tcgetattr(self._fd)
        tty.setcbreak(self._fd)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)

    def keys(self, timeout_s: float) -> List[str]:
        """Keys pressed within ``timeout_s``."""
        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        return list(os.read(self._fd, 64).decode(errors="ignore").lower()) if ready else []


class Teleop(Node):
    """Publishes the velocity and calls the services of the controller named ``controller``."""

    def __init__(self) -> None:
        super().__init__("teleop_keyboard")
        controller = self.declare_parameter("controller", "policy_node").value
        self._publisher = self.create_publisher(Twist, "cmd_vel", 1)
        self._orders = {
            key: self.create_client(Trigger, f"{controller}/{name}") for key, name in _SERVICES.items()
        }
        self.velocity = Velocity()
        self.line = HELP

    def press(self, key: str) -> None:
        """Act on a key."""
        if key in self._orders:
            self.velocity = Velocity()
            self._call(key)
        else:
            self.velocity = self.velocity.after(key)
            self.line = str(self.velocity)

    def publish(self) -> None:
        twist = Twist()
        twist.linear.x, twist.linear.y = self.velocity.vx, self.velocity.vy
        twist.angular.z = self.velocity.yaw_rate
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
    """Run until Ctrl-C or SIGTERM."""
    if not sys.stdin.isatty():
        sys.stderr.write("teleop_keyboard needs a terminal: start it on its own, not from a launch file\n")
        return 1
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    node = Teleop()
    try:
        with RawTerminal(sys.stdin) as terminal:
            _run(node, terminal)
    except KeyboardInterrupt:
        return 0
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def _run(node: Teleop, terminal: RawTerminal) -> NoReturn:
    shown = ""
    while True:
        for key in terminal.keys(_REPEAT_S):
            node.press(key)
        node.publish()
        rclpy.spin_once(node, timeout_sec=0.0)
        if node.line != shown:
            shown = node.line
            sys.stdout.write(f"\r\033[K{shown}")
            sys.stdout.flush()
