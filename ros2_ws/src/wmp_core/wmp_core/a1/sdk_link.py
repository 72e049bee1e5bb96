"""The link over a user-built Python binding of the vendor's SDK.

There is no official Python binding for the A1: the pip package ``unitree-legged-sdk`` implements the Go1's
protocol. Users build a module ``robot_interface`` from legged_sdk 3.3.1 to 3.3.4, with a class
``RobotInterface`` that owns the UDP socket and has

* ``receive_observation()``, the newest LowState with the SDK's field names;
* ``send_command(values)`` of 60 floats, per motor q, Kp, dq, Kd, tau.

The SDK's own safety functions end the process with ``exit()``, without the damping of this runtime: build the
binding without them. Addresses and ports are the binding's. It does not report arrival times: a state counts
as arrived when it is first read, even if the reading thread was delayed. Not tested on a robot.
"""

from __future__ import annotations

import importlib
import time
from typing import Any, List, Optional, Tuple

import numpy as np

from wmp_core.a1 import wire
from wmp_core.a1.joints import NUM_MOTORS
from wmp_core.a1.robot_link import Cycle, LinkError
from wmp_core.a1.robot_lock import lock_robot
from wmp_core.a1.session import LinkSession
from wmp_core.robot_state import RobotState

MODULE = "robot_interface"
_POLL_S = 0.0002
# Row of checked_command for each of a motor's five values in the binding's order.
_BINDING_ORDER = (0, 3, 1, 4, 2)


class SdkLink(LinkSession[Any]):
    """:class:`wmp_core.a1.robot_link.RobotLink` over ``robot_interface``.

    Arguments as for :class:`wmp_core.a1.session.LinkSession`. The SDK does not report lost or
    corrupt packets.
    """

    _newest_tick: Optional[int] = None

    def open(self) -> None:
        """Lock the robot and let the binding open its socket.

        Raises:
            LinkError: the module is missing or not a binding for the A1, or another program on this machine
                has locked the robot.
        """
        if self._connection is not None:
            return
        try:
            binding = importlib.import_module(MODULE)
        except ImportError as error:
            raise LinkError(
                f"transport 'sdk' needs the Python module {MODULE} built from legged_sdk 3.3.x ({error}); "
                "build it and put its folder on PYTHONPATH, or use transport 'udp', which needs nothing"
            ) from error
        if not hasattr(binding, "RobotInterface"):
            where = getattr(binding, "__file__", "an unknown place")
            raise LinkError(
                f"module {MODULE} at {where} has no class RobotInterface: it is not a binding for the A1; "
                "use transport 'udp'"
            )
        lock = lock_robot(self._settings.robot_host, self._settings.robot_port)
        try:
            self._begin(binding.RobotInterface(), lock)
        except BaseException:
            lock.close()
            raise
        self._newest_tick = None

    def receive(self, timeout_s: float, newest: bool = True) -> Optional[RobotState]:
        """Wait up to ``timeout_s`` for a state with a new tick. The SDK keeps the newest state only.

        Raises:
            LinkError: the link is closed.
        """
        robot, deadline = self._open_connection(), time.monotonic() + timeout_s
        while True:
            observed = robot.receive_observation()
            tick, now = int(observed.tick), self._clock()
            if tick != self._newest_tick and any(observed.imu.quaternion):
                self._newest_tick = tick
                if self._is_fresh(tick, now):
                    return self._robot_state(_low_state(observed), now)
            if time.monotonic() >= deadline:
                return None
            time.sleep(_POLL_S)

    def receive_cycle(self, timeout_s: float) -> Optional[Cycle]:
        """The SDK has no lockstep: a cycle is the next state."""
        state = self.receive(timeout_s)
        return None if state is None else Cycle(state)

    def _transmit(self, robot: Any, targets: Tuple[np.ndarray, ...]) -> bool:
        rows = wire.checked_command(*targets)
        robot.send_command(rows[list(_BINDING_ORDER)].T.ravel().tolist())
        return True

    def _disconnect(self, robot: Any) -> None:
        """Nothing to do: the binding closes its socket when it is deleted."""


def _low_state(observed: Any) -> wire.LowState:
    """The SDK's LowState as :class:`wmp_core.a1.wire.LowState`."""
    motors = list(observed.motorState)[:NUM_MOTORS]
    imu = observed.imu
    return wire.LowState(
        quat_wxyz=_floats(imu.quaternion),
        gyro=_floats(imu.gyroscope),
        acc=_floats(imu.accelerometer),
        rpy=_floats(imu.rpy),
        q=_floats([motor.q for motor in motors]),
        dq=_floats([motor.dq for motor in motors]),
        tau_est=_floats([motor.tauEst for motor in motors]),
        motor_temp=wire.temperature(np.array([motor.temperature for motor in motors], dtype=np.int8)),
        foot_force=np.array(observed.footForce, dtype=np.int16),
        tick=int(observed.tick),
        remote=bytes(observed.wirelessRemote),
        level=int(observed.levelFlag),
        motor_mode=np.array([motor.mode for motor in motors], dtype=np.uint8),
        motor_reserve=np.array([list(motor.reserve) for motor in motors], dtype=np.uint32),
    )


def _floats(values: List[float]) -> np.ndarray:
    return np.array(values, dtype=np.float32)
