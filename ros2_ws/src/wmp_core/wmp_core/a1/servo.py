"""Whether the motors follow low-level commands, by what the robot itself says in every state.

A state carries a level (who commands the motors) and a mode of each motor. Owners report a motor that burnt
within seconds because low-level commands met the sport mode, and a calf that fell from mode 10 to 8 in the
middle of a slope and left the leg without torque.
"""

from __future__ import annotations

import numpy as np

from wmp_core.a1.frames import LOW_LEVEL, SERVO_MODE
from wmp_core.a1.joints import MOTOR_JOINTS
from wmp_core.a1.wire import LowState


def servo_problem(state: LowState) -> str:
    """Why the motors do not follow low-level commands; empty if they do.

    All commands of this package ask for the servo mode. A robot that was switched on a moment ago may still
    report another mode: it has to receive a command first.
    """
    if state.level != LOW_LEVEL:
        return (
            f"the robot is at level {state.level:#04x}, expected {LOW_LEVEL:#04x} (low level): "
            "it is in sport mode, or another program commands it"
        )
    wrong = np.flatnonzero(state.motor_mode != SERVO_MODE)
    return _motor_problem(state, int(wrong[0])) if len(wrong) else ""


def _motor_problem(state: LowState, motor: int) -> str:
    name, mode = MOTOR_JOINTS[motor], int(state.motor_mode[motor])
    values = (state.q[motor], state.dq[motor], state.tau_est[motor], state.motor_temp[motor], mode)
    if not any(values):
        return f"{name} sends only zeros: its motor board does not answer"
    first, second = (int(word) for word in state.motor_reserve[motor])
    return f"{name} is in motor mode {mode} (reserve {first}, {second}), expected {SERVO_MODE} (servo)"
