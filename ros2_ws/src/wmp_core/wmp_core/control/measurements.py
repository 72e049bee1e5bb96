"""Measured value of every safety rule, from one cycle's inputs."""

from __future__ import annotations

import math
from typing import Dict, Optional

import numpy as np

from wmp_core.contract import Contract
from wmp_core.control.joint_jumps import JointJumps
from wmp_core.control.safety_monitor import SafetySettings
from wmp_core.control.smoothing import Smoothed
from wmp_core.control.walking import Walking
from wmp_core.robot_state import RobotState

#: Maximum loop periods that one gyro sample stands for when the states before it were lost.
_MAX_SAMPLE_PERIODS = 5
#: Rules about a single joint. The first two judge the median of the last states, so that a single wrong
#: sample does not drop a robot in mid-stride: 3 of 5 have to agree.
_PER_JOINT = ("joint range", "joint speed", "joint jump", "motor temperature")
_DEBOUNCED, _STATES = 2, 5


class Measurements:
    """Measures a value for every rule of :class:`wmp_core.control.safety_monitor.SafetyMonitor`."""

    def __init__(self, contract: Contract, loop_period: float, settings: SafetySettings) -> None:
        joints = contract.joints
        self._names = joints.names
        self._lower, self._upper = np.array(joints.position_lower), np.array(joints.position_upper)
        speed_limit = np.array(joints.velocity_limit)
        self._speed_scale = 1.0 / speed_limit
        self._jumps = JointJumps(settings.joint_speed * speed_limit, loop_period)
        self._loop_period = loop_period
        self._rate = Smoothed(settings.attitude_rate_time)
        # The newest state in the smoothed attitude rate, and the loop periods since it was added.
        self._rate_state: Optional[RobotState] = None
        self._periods_since_rate = 0
        # The newest IMU reading and the stamp at which it first appeared.
        self._imu, self._imu_since = b"", 0.0
        self._restarts: Optional[int] = None
        # Rows are the rules of _PER_JOINT, columns the joints; larger is worse.
        self._per_joint = np.zeros((len(_PER_JOINT), len(joints.names)))
        # The same of the last states, for the debounced rules.
        self._samples = np.zeros((_STATES, _DEBOUNCED, len(joints.names)))
        self._joint_state: Optional[RobotState] = None

    def reset(self) -> None:
        """Forget all earlier states."""
        self._rate.reset()
        self._rate_state, self._periods_since_rate = None, 0
        self._jumps.reset()
        self._samples[:], self._joint_state = 0.0, None
        self._imu, self._imu_since = b"", 0.0
        self._restarts = None

    def update(
        self,
        state: RobotState,
        now: float,
        periods: int,
        walking: Walking,
        command_stamp: Optional[float],
        joystick_stamp: Optional[float],
    ) -> Dict[str, float]:
        """Measure every rule's quantity; a stamp of ``None`` means "not in use", with age 0."""
        self._measure_joints(state)
        tilt = attitude(state.quat_wxyz)
        return {
            **dict(zip(_PER_JOINT, self._per_joint.max(axis=1).tolist())),
            "emergency stop": float(state.emergency_stop),
            "servo": float(bool(state.servo_problem)),
            "restart": self._new_restarts(state),
            "state age": now - state.stamp,
            "attitude": tilt,
            "posture attitude": tilt,
            "attitude rate": self._attitude_rate(state, periods),
            "imu stuck": self._imu_age(state),
            "loop overrun": (periods - 1) * self._loop_period,
            "latent age": walking.latent_age,
            "blind slow": walking.perception.blind_time,
            "blind stand": walking.perception.blind_time,
            "surprise": walking.perception.surprise,
            "command age": 0.0 if command_stamp is None else now - command_stamp,
            "joystick age": 0.0 if joystick_stamp is None else now - joystick_stamp,
        }

    def joint(self, name: str) -> str:
        """The worst joint under rule ``name`` in the last measurement; empty for rules without a joint."""
        if name not in _PER_JOINT:
            return ""
        return self._names[int(np.argmax(self._per_joint[_PER_JOINT.index(name)]))]

    def _new_restarts(self, state: RobotState) -> float:
        before, self._restarts = self._restarts, state.restarts
        return 0.0 if before is None else float(state.restarts - before)

    def _measure_joints(self, state: RobotState) -> None:
        if state is self._joint_state:
            return
        self._joint_state = state
        self._jumps.update(state)
        self._samples[1:] = self._samples[:-1]
        beyond, speed = self._samples[0]
        np.maximum(self._lower - state.q, state.q - self._upper, out=beyond)
        np.multiply(np.abs(state.dq), self._speed_scale, out=speed)
        # A NaN sorts last, which counts it as large.
        self._per_joint[:_DEBOUNCED] = np.sort(self._samples, axis=0)[_STATES // 2]
        jump, temperature = self._per_joint[_DEBOUNCED:]
        jump[:] = self._jumps.excess
        temperature[:] = 0.0 if state.motor_temperature is None else state.motor_temperature

    def _attitude_rate(self, state: RobotState, periods: int) -> float:
        """Smoothed rate in rad/s. Each state counts once: the shock of a landing foot must not count again in
        the cycles without a new state."""
        self._periods_since_rate += periods
        if state is not self._rate_state:
            rate = math.hypot(float(state.gyro[0]), float(state.gyro[1]))
            elapsed = min(self._periods_since_rate, _MAX_SAMPLE_PERIODS) * self._loop_period
            self._rate_state, self._periods_since_rate = state, 0
            return self._rate.update(rate, elapsed)
        return self._rate.value

    def _imu_age(self, state: RobotState) -> float:
        """s since the IMU reading last changed."""
        imu = state.gyro.tobytes() + state.acc.tobytes()
        if imu != self._imu:
            self._imu, self._imu_since = imu, state.stamp
        return state.stamp - self._imu_since


def attitude(quat_wxyz: np.ndarray) -> float:
    """The larger of |roll| and |pitch| in rad; NaN where the orientation is not a unit quaternion."""
    w, x, y, z = quat_wxyz.tolist()  # plain floats: for single values the call overhead of numpy dominates
    if not abs(w * w + x * x + y * y + z * z - 1.0) < 0.1:
        return math.nan
    roll = math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    pitch = math.asin(max(-1.0, min(1.0, 2 * (w * y - x * z))))
    return max(abs(roll), abs(pitch))
