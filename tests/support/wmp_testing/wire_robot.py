"""A robot without physics that speaks the A1's wire protocol, for tests of controllers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from wmp_core.a1 import robot_wire, wire
from wmp_core.a1.joints import JointOrder
from wmp_core.a1.remote import idle_remote
from wmp_testing.tiny_bundle import tiny_contract


class WireRobot:
    """Answers every command with the state 2 ms later, from its own thread; a context manager.

    It is upright and at rest; a subclass moves it in :meth:`obey`. A test sets ``answers`` or any of the
    ``fields`` of the following states.

    Args:
        q: joint positions in rad, in the tiny bundle's joint order.
    """

    def __init__(self, q: Sequence[float]) -> None:
        self.q = JointOrder(tiny_contract().joints.names).to_motor(np.asarray(q, dtype=np.float64))
        self.tick, self.answers = 1000, True
        self.fields: dict[str, Any] = {}
        self.commands: list[robot_wire.LowCommand] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self._running = True
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> WireRobot:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running = False
        self._thread.join()
        self._socket.close()

    @property
    def is_damped(self) -> bool:
        """Whether the newest command is damping only."""
        newest = self.commands[-1]
        return not newest.kp.any() and not newest.tau.any() and bool((newest.kd > 0).all())

    def obey(self, command: robot_wire.LowCommand) -> None:
        """Move ``q``, in motor order, in response to ``command``; does nothing here."""

    def _serve(self) -> None:
        while self._running:
            try:
                data, sender = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            command = robot_wire.decode_low_cmd(data)
            self.commands.append(command)
            self.obey(command)
            self.tick += 2
            if self.answers:
                self._socket.sendto(robot_wire.encode_low_state(self._state()), sender)

    def _state(self) -> wire.LowState:
        zeros = np.zeros(12, dtype=np.float32)
        state = {
            "quat_wxyz": np.array([1, 0, 0, 0], np.float32),
            "gyro": zeros[:3],
            "acc": np.array([0, 0, 9.81], np.float32),
            "rpy": zeros[:3],
            "q": self.q.astype(np.float32),
            "dq": zeros,
            "tau_est": zeros,
            "motor_temp": np.full(12, 30),
            "foot_force": np.zeros(4, dtype=np.int16),
            "tick": self.tick,
            "remote": idle_remote(),
        }
        return wire.LowState(**{**state, **self.fields})
