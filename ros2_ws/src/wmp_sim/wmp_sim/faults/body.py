"""Faults of the robot's motors and computer: who commands the motors, which have torque, what they report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wmp_core.a1.joints import MOTOR_JOINTS, JointOrder
from wmp_core.a1.wire import LowState
from wmp_core.control.command import MotorCommand
from wmp_core.robot_state import RobotState

from .schedule import FaultSchedule

KINDS = ("motor_dropped", "dead_motor_slot", "other_commander", "brown_out")
#: What the motor of the public report said after it had dropped.
DROPPED_MODE, DROPPED_RESERVE = 8, 4
#: Level of a robot in sport mode, and mode of motors that nobody has commanded since they were switched on.
SPORT_LEVEL, IDLE_MODE = 0xF0, 0
_CALVES = tuple(i for i, name in enumerate(MOTOR_JOINTS) if "calf" in name)


class BodyFaults:
    """Call :meth:`command` and :attr:`limp` before, :meth:`report` after each exchange.

    Args:
        schedule: the active faults.
        seed: of the affected motor.
        joint_names: in contract order.
        kp, kd: gains with which another commander holds the robot [N m/rad, N m s/rad], each [12].
    """

    def __init__(
        self,
        schedule: FaultSchedule,
        seed: tuple[int, ...],
        joint_names: Sequence[str],
        kp: np.ndarray,
        kd: np.ndarray,
    ) -> None:
        random = np.random.default_rng(seed)
        self._schedule = schedule
        self._order = JointOrder(joint_names)
        self._calf, self._dead = int(random.choice(_CALVES)), int(random.integers(len(MOTOR_JOINTS)))
        self._gains = kp, kd
        self._held: np.ndarray | None = None

    def command(self, command: MotorCommand | None, state: Callable[[], RobotState]) -> MotorCommand | None:
        """What the motors get when ``command`` arrives: another commander holds the pose of ``state()``."""
        if not self._schedule.is_on("other_commander"):
            self._held = None
            return command
        self._held = state().q if self._held is None else self._held
        return MotorCommand.position(self._held, *self._gains)

    @property
    def limp(self) -> np.ndarray | None:
        """Joints without torque [12], in contract order; None if there are none."""
        if not self._schedule.has_any(KINDS):
            return None
        motors = np.zeros(len(MOTOR_JOINTS), dtype=bool)
        motors[self._calf] = self._schedule.is_on("motor_dropped")
        motors[self._dead] |= self._schedule.is_on("dead_motor_slot")
        motors |= self._schedule.is_on("brown_out")
        return self._order.to_contract(motors)

    def report(self, state: LowState) -> LowState:
        """``state`` as the robot reports it."""
        if not self._schedule.has_any(KINDS):
            return state
        if self._schedule.is_on("other_commander"):
            state = dataclasses.replace(state, level=SPORT_LEVEL)
        mode, reserve = state.motor_mode.copy(), state.motor_reserve.copy()
        if self._schedule.is_on("brown_out"):
            mode[:] = IDLE_MODE
        if self._schedule.is_on("motor_dropped"):
            mode[self._calf], reserve[self._calf, 0] = DROPPED_MODE, DROPPED_RESERVE
        state = dataclasses.replace(state, motor_mode=mode, motor_reserve=reserve)
        return self._without_answer(state) if self._schedule.is_on("dead_motor_slot") else state

    def _without_answer(self, state: LowState) -> LowState:
        """The slot of the dead motor is all zeros."""
        changes: dict[str, Any] = {}
        for name in ("q", "dq", "tau_est", "motor_temp", "motor_mode"):
            changes[name] = np.array(getattr(state, name))
            changes[name][self._dead] = 0
        return dataclasses.replace(state, **changes)
