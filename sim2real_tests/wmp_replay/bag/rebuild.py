"""Rebuilds policy steps and network images of a recording that holds sensor topics only.

Observations are computed by ``wmp_core``, as on the robot. The action of a step is the target sent to the
motors (``joint_commands``). If that was not recorded, it is the target that explains the torque measured one
step later: ``q_target = q + (tau + kd dq) / kp``. The same holds for a dry run, in which the motors damp
whatever is commanded.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import numpy as np

from wmp_core.contract import Contract
from wmp_core.depth.geometry import DepthProjection, GeometryError
from wmp_core.observation import Proprioception
from wmp_core.robot_state import RobotState
from wmp_replay.bag.assembler import SAME, robot_state
from wmp_replay.bag.records import (
    CameraFrame,
    CameraInfo,
    DepthRecord,
    ImuReading,
    JointCommand,
    Joints,
    PolicyStep,
    Record,
    VelocityCommand,
)

#: Share of the control period by which a reading may be early; periods without one that end an episode.
EARLY, PAUSE = 0.25, 3.0
NO_LATENT = 0


class Rebuilder:
    """Turns sensor records into :class:`PolicyStep` and :class:`DepthRecord`; also passes readings on."""

    def __init__(self, contract: Contract, is_dry_run: bool = False) -> None:
        self._contract, self._is_dry_run = contract, is_dry_run
        self._period = contract.timing.control_period
        self._proprioception = Proprioception(contract)
        self._projection: DepthProjection | None = None
        self._imu: ImuReading | None = None
        self._command = np.zeros(3)
        self._targets: JointCommand | None = None
        self._waiting: RobotState | None = None  # its action is known one reading later
        self._last_stamp = -math.inf
        self._tick = 0

    def feed(self, record: Record) -> Iterator[Record]:
        """Add the next sensor record; yields the records that follow from it."""
        if isinstance(record, ImuReading):
            self._imu = record
            yield record
        elif isinstance(record, VelocityCommand):
            self._command = record.command
        elif isinstance(record, JointCommand):
            self._targets = None if self._is_dry_run else record
        elif isinstance(record, Joints):
            yield record
            yield from self._on_joints(record)
        elif isinstance(record, CameraInfo):
            self._projection = DepthProjection(self._contract.depth, record.intrinsics)
        elif isinstance(record, CameraFrame) and self._projection is not None:
            # While a camera restarts or changes its mode, frames do not fit its camera_info.
            with contextlib.suppress(GeometryError):
                yield DepthRecord(record.stamp, self._projection(record.depth, record.unit))

    def _on_joints(self, joints: Joints) -> Iterator[Record]:
        if joints.stamp - self._last_stamp < (1 - EARLY) * self._period or self._imu is None:
            return
        state = robot_state(self._contract, joints, self._imu)
        if state is None:
            return
        if self._waiting is not None:
            yield self._step(self._waiting, state)
        if joints.stamp - self._last_stamp > PAUSE * self._period:
            self._tick = 0
        self._last_stamp, self._waiting = joints.stamp, state

    def _step(self, state: RobotState, following: RobotState) -> PolicyStep:
        command = self._contract.limits.clip_command(self._command)
        step = PolicyStep(
            stamp=state.stamp,
            tick=self._tick,
            is_first=self._tick == 0,
            proprioception=self._proprioception(state, command),
            action=self._action(state, following),
            command=command,
            latent_tick=NO_LATENT,
            compute_ms=math.nan,
        )
        self._tick += 1
        return step

    def _action(self, state: RobotState, following: RobotState) -> np.ndarray:
        joints, action = self._contract.joints, self._contract.action
        commanded = self._targets
        if commanded is not None and 0 <= commanded.stamp - state.stamp + SAME < self._period:
            targets = commanded.position[[commanded.names.index(name) for name in joints.names]]
        else:
            damping = joints.array("kd") * following.dq
            targets = following.q + (following.tau_est + damping) / joints.array("kp")
        targets = np.where(np.isfinite(targets), targets, state.q)
        action_values = (targets - joints.array("default_position")) / action.scale
        return np.clip(action_values, -action.clip, action.clip).astype(np.float32)
