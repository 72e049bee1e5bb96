"""Messages that policy_node publishes, filled from the control thread's reports.

Each message is created once and filled in place: creating one takes longer than filling it, and the publisher
thread shares the interpreter with the control loop.
"""

from __future__ import annotations

import math
from array import array
from typing import Sequence

import numpy as np
from sensor_msgs.msg import Imu, JointState
from wmp_msgs.msg import PolicyStep

from wmp_controller.cycle_report import CycleReport
from wmp_core.control.command import MotorCommand
from wmp_core.robot_state import RobotState
from wmp_ros.stamps import to_stamp

#: Frame of the robot's trunk, by REP 105.
_FRAME = "base_link"


class ReportMessages:
    """One reusable message per topic; each call fills and returns it, valid until the next call.

    Args:
        joint_names: of the contract, in its order.
    """

    def __init__(self, joint_names: Sequence[str]) -> None:
        self._step = PolicyStep()
        self._joint_states = JointState(name=list(joint_names))
        self._joint_commands = JointState(name=list(joint_names))
        self._imu = Imu()
        for message in (self._step, self._joint_states, self._joint_commands, self._imu):
            message.header.frame_id = _FRAME

    def policy_step(self, report: CycleReport) -> PolicyStep:
        """The policy step of ``report``, which must have one."""
        record, message = report.step, self._step
        assert record is not None
        message.header.stamp = to_stamp(record.state.stamp)
        message.tick, message.is_first, message.mode = record.tick, record.is_first, int(report.mode)
        message.proprioception = _floats(record.proprioception)
        message.action = _floats(record.action)
        message.command = np.asarray(record.command, dtype=np.float32)
        message.base_velocity = np.asarray(record.base_velocity, dtype=np.float32)
        message.latent_tick, message.compute_ms = record.latent_tick, report.compute_ms
        return message

    def joint_states(self, state: RobotState) -> JointState:
        """Measured positions (rad), velocities (rad/s) and estimated torques (N m)."""
        message = self._joint_states
        message.header.stamp = to_stamp(state.stamp)
        message.position, message.velocity = _doubles(state.q), _doubles(state.dq)
        message.effort = _doubles(state.tau_est)
        return message

    def joint_commands(self, command: MotorCommand, state: RobotState) -> JointState:
        """Position targets (rad; NaN where a joint has none) and the torques (N m) implied at ``state``."""
        message = self._joint_commands
        message.header.stamp = to_stamp(state.stamp)
        message.position = _doubles(np.where(command.kp > 0, command.q, math.nan))
        message.effort = _doubles(command.implied_torque(state.q, state.dq))
        return message

    def imu(self, state: RobotState) -> Imu:
        """Orientation base_link -> world; angular velocity (rad/s) and acceleration (m/s^2) in base_link."""
        message = self._imu
        message.header.stamp = to_stamp(state.stamp)
        orientation = message.orientation
        orientation.w, orientation.x, orientation.y, orientation.z = state.quat_wxyz.tolist()
        rate, acceleration = message.angular_velocity, message.linear_acceleration
        rate.x, rate.y, rate.z = state.gyro.tolist()
        acceleration.x, acceleration.y, acceleration.z = state.acc.tolist()
        return message


def _floats(values: np.ndarray) -> array:
    """Message data: rclpy copies an array.array as a block, and an ndarray element by element."""
    return array("f", np.asarray(values, dtype=np.float32).tobytes())


def _doubles(values: np.ndarray) -> array:
    return array("d", np.asarray(values, dtype=np.float64).tobytes())
