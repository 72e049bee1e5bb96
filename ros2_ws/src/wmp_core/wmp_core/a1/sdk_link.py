"""The link over a binding of the vendor's own SDK, for those who have built one.

There is no official Python binding for an A1: the pip package ``unitree-legged-sdk`` speaks the Go1's
protocol and cannot drive one. What users build from legged_sdk 3.3.1 to 3.3.4 is a module
``robot_interface`` with a class ``RobotInterface`` that owns the UDP socket and has

* ``receive_observation()``, the newest LowState with the SDK's field names;
* ``send_command(values)`` of 60 floats, per motor q, Kp, dq, Kd, tau.

The SDK's own safety functions end the whole process with ``exit()``, and the robot is then not damped by us:
build the binding without them. Addresses and ports are the binding's. Not tried on a robot.
"""

from __future__ import annotations

import dataclasses
import importlib
import time
from typing import Any, Callable, List, Optional, Sequence

import numpy as np

from wmp_core.a1 import wire
from wmp_core.a1.joints import NUM_MOTORS, JointOrder
from wmp_core.a1.link import A1LinkSettings, Cycle, LinkError, LinkStatistics, motor_targets, robot_state
from wmp_core.control.command import MotorCommand
from wmp_core.observation import RobotState

MODULE = "robot_interface"
_POLL_S = 0.0002
# Row of checked_command for each of a motor's five values in the binding's order.
_BINDING_ORDER = (0, 3, 1, 4, 2)


class SdkLink:
    """:class:`wmp_core.a1.link.RobotLink` over ``robot_interface``. Arguments as for ``A1Link``."""

    def __init__(
        self, settings: A1LinkSettings, joint_names: Sequence[str], clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._order = JointOrder(joint_names)
        self._clock = clock
        self._robot: Any = None
        self._newest_tick: Optional[int] = None
        self._statistics = LinkStatistics()

    @property
    def statistics(self) -> LinkStatistics:
        """A snapshot of the counts; the SDK does not tell of lost or corrupt packets."""
        return dataclasses.replace(self._statistics)

    def open(self) -> None:
        """Import the binding and let it open its socket.

        Raises:
            LinkError: there is no such module, or it is another one.
        """
        if self._robot is not None:
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
        self._robot = binding.RobotInterface()
        self._statistics, self._newest_tick = LinkStatistics(), None

    def send(self, command: MotorCommand) -> None:
        """Send one command.

        Raises:
            wire.WireError: the command holds what must not be sent.
            LinkError: the link is closed.
        """
        robot = self._open_robot()
        rows = wire.checked_command(*motor_targets(self._order, command))
        robot.send_command(rows[list(_BINDING_ORDER)].T.ravel().tolist())
        self._statistics.sent += 1

    def receive(self, timeout_s: float, newest: bool = True) -> Optional[RobotState]:
        """Wait up to ``timeout_s`` for a state with another tick. The SDK keeps the newest one only.

        Raises:
            LinkError: the link is closed.
        """
        robot, deadline = self._open_robot(), time.monotonic() + timeout_s
        while True:
            observed = robot.receive_observation()
            if int(observed.tick) != self._newest_tick and any(observed.imu.quaternion):
                break
            if time.monotonic() >= deadline:
                return None
            time.sleep(_POLL_S)
        self._newest_tick = int(observed.tick)
        self._statistics.received += 1
        stamp = self._newest_tick * 1e-3 if self._settings.stamp_from_tick else self._clock()
        return robot_state(self._order, _low_state(observed), stamp)

    def receive_cycle(self, timeout_s: float) -> Optional[Cycle]:
        """The SDK knows no lockstep: a cycle is the next state."""
        state = self.receive(timeout_s)
        return None if state is None else Cycle(state)

    def close(self) -> None:
        """Send damping several times, then let the binding go; harmless when closed."""
        if self._robot is None:
            return
        for _ in range(self._settings.damping_repeats):
            self.send(MotorCommand.damping(self._settings.damping_kd))
            time.sleep(0.002)
        self._robot = None

    def _open_robot(self) -> Any:
        if self._robot is None:
            raise LinkError("the link to the robot is closed; call open() first")
        return self._robot


def _low_state(observed: Any) -> wire.LowState:
    """The SDK's LowState as ours."""
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
        motor_temp=np.array([motor.temperature for motor in motors], dtype=np.int8),
        foot_force=np.array(observed.footForce, dtype=np.int16),
        tick=int(observed.tick),
        remote=bytes(observed.wirelessRemote),
    )


def _floats(values: List[float]) -> np.ndarray:
    return np.array(values, dtype=np.float32)
