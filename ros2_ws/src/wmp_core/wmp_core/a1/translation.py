"""Conversion of commands and states between contract order and the wire's motor order."""

from __future__ import annotations

from typing import Tuple

import numpy as np

from wmp_core.a1 import wire
from wmp_core.a1.joints import JointOrder
from wmp_core.a1.remote import is_stop_pressed
from wmp_core.a1.servo import servo_problem
from wmp_core.control.command import MotorCommand
from wmp_core.robot_state import RobotState


def motor_targets(order: JointOrder, command: MotorCommand) -> Tuple[np.ndarray, ...]:
    """Rows q, dq, tau, kp, kd in motor order, as arguments of :func:`wmp_core.a1.wire.encode_low_cmd`."""
    kp, kd = order.to_motor(command.kp), order.to_motor(command.kd)
    # The robot's own values for "no target", in addition to the gain of 0.
    q = np.where(kp == 0, wire.NO_POSITION_TARGET, order.to_motor(command.q))
    dq = np.where(kd == 0, wire.NO_VELOCITY_TARGET, order.to_motor(command.dq))
    return q, dq, order.to_motor(command.tau), kp, kd


def robot_state(order: JointOrder, state: wire.LowState, stamp: float, restarts: int = 0) -> RobotState:
    """A decoded state in contract order, stamped with ``stamp`` s, after ``restarts`` of the robot."""
    return RobotState(
        quat_wxyz=state.quat_wxyz,
        gyro=state.gyro,
        acc=state.acc,
        q=order.to_contract(state.q),
        dq=order.to_contract(state.dq),
        tau_est=order.to_contract(state.tau_est),
        stamp=stamp,
        tick=state.tick,
        motor_temperature=order.to_contract(state.motor_temp),
        foot_force=order.legs_to_contract(state.foot_force),
        remote=state.remote,
        emergency_stop=is_stop_pressed(state.remote),
        servo_problem=servo_problem(state),
        restarts=restarts,
    )
