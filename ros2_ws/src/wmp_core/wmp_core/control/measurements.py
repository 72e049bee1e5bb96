"""What the watchdogs judge, measured from one cycle's inputs."""

from __future__ import annotations

import math
from typing import Callable, Dict, Optional

import numpy as np

from wmp_core.contract import Contract
from wmp_core.control.joint_jumps import JointJumps
from wmp_core.control.smoothing import Smoothed
from wmp_core.control.walking import Walking
from wmp_core.control.watchdog import WatchdogSettings
from wmp_core.observation import RobotState
from wmp_core.rotation import projected_gravity

#: Loop periods that one gyro sample stands for, at most, where the states before it were lost.
_LONGEST_SAMPLE = 5


class Measurements:
    """A value for every condition of :class:`wmp_core.control.watchdog.Watchdog`."""

    def __init__(self, contract: Contract, loop_period: float, settings: WatchdogSettings) -> None:
        joints = contract.joints
        self._names = joints.names
        self._lower, self._upper = np.array(joints.position_lower), np.array(joints.position_upper)
        speed_limit = np.array(joints.velocity_limit)
        self._speed_scale = 1.0 / speed_limit
        self._jumps = JointJumps(settings.joint_speed * speed_limit, loop_period)
        self._loop_period = loop_period
        self._rate = Smoothed(settings.attitude_rate_time)
        self._rated: Optional[RobotState] = None  # the state that the rate knows, and loop periods since then
        self._periods_unrated = 0
        self._imu, self._imu_since = b"", 0.0  # its last words, and when they were new
        #: Condition that is one joint's -> its value per joint, the larger the worse.
        self._per_joint: Dict[str, Callable[[RobotState], np.ndarray]] = {
            "joint range": lambda state: np.maximum(self._lower - state.q, state.q - self._upper),
            "joint speed": lambda state: np.abs(state.dq) * self._speed_scale,
            "joint jump": lambda state: self._jumps.excess,
            "motor temperature": _temperature,
        }

    def reset(self) -> None:
        """Forget what has been so far."""
        self._rate.reset()
        self._rated, self._periods_unrated = None, 0
        self._jumps.reset()
        self._imu, self._imu_since = b"", 0.0

    def take(
        self,
        state: RobotState,
        now: float,
        periods: int,
        walking: Walking,
        command_stamp: Optional[float],
        joystick_stamp: Optional[float],
    ) -> Dict[str, float]:
        """Measure; a stamp that is ``None`` belongs to something that is not in use, and is never old."""
        self._jumps.update(state)
        tilt = attitude(state.quat_wxyz)
        measured = {name: float(values(state).max()) for name, values in self._per_joint.items()}
        measured.update(
            {
                "emergency stop": float(state.emergency_stop),
                "state age": now - state.stamp,
                "attitude": tilt,
                "posture attitude": tilt,
                "attitude rate": self._attitude_rate(state, periods),
                "imu stuck": self._imu_age(state),
                "battery drained": 0.0 if state.battery is None else 1.0 - state.battery,
                "loop overrun": (periods - 1) * self._loop_period,
                "latent age": walking.latent_age,
                "blind slow": walking.perception.blind_time,
                "blind stand": walking.perception.blind_time,
                "surprise": walking.perception.surprise,
                "command age": 0.0 if command_stamp is None else now - command_stamp,
                "joystick age": 0.0 if joystick_stamp is None else now - joystick_stamp,
            }
        )
        return measured

    def _attitude_rate(self, state: RobotState, periods: int) -> float:
        """rad/s, smoothed over the states: the shock of a foot that lands must not count again for each that
        is lost after it."""
        self._periods_unrated += periods
        if state is not self._rated:
            rate = math.hypot(float(state.gyro[0]), float(state.gyro[1]))
            elapsed = min(self._periods_unrated, _LONGEST_SAMPLE) * self._loop_period
            self._rated, self._periods_unrated = state, 0
            return self._rate.update(rate, elapsed)
        return self._rate.value

    def _imu_age(self, state: RobotState) -> float:
        """s for which the IMU has said the same."""
        imu = state.gyro.tobytes() + state.acc.tobytes()
        if imu != self._imu:
            self._imu, self._imu_since = imu, state.stamp
        return state.stamp - self._imu_since

    def joint(self, name: str, state: RobotState) -> str:
        """The joint that condition ``name`` is about; empty if it is about none."""
        values = self._per_joint.get(name)
        return "" if values is None else self._names[int(np.argmax(values(state)))]


def attitude(quat_wxyz: np.ndarray) -> float:
    """The larger of |roll| and |pitch| in rad; NaN where the orientation is not a unit quaternion."""
    if not abs(float(np.dot(quat_wxyz, quat_wxyz)) - 1.0) < 0.1:
        return math.nan
    x, y, z = (float(value) for value in projected_gravity(quat_wxyz))
    return max(abs(math.atan2(-y, -z)), abs(math.asin(max(-1.0, min(1.0, x)))))


def _temperature(state: RobotState) -> np.ndarray:
    return np.zeros(1) if state.motor_temperature is None else state.motor_temperature
