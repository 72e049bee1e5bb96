"""Rebuilds policy steps and network images of a recording that holds sensor topics only.

Readings are taken on the contract's grid in time, whatever the rate of the driver. Observations are computed
by ``wmp_core``, as on the robot. The action of a step is the target sent to the motors (``joint_commands``).
Where that was not recorded, it is the target that explains the torque measured one step later:
``q_target = q + (tau + kd dq) / kp``. The same holds for a dry run, in which the motors damp whatever is
commanded. Where neither is known, the step is left out.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from wmp_core.contract import Contract
from wmp_core.depth.geometry import DepthProjection, GeometryError
from wmp_core.observation import Proprioception
from wmp_core.robot_state import RobotState
from wmp_replay.bag.assembler import SAME, robot_state
from wmp_replay.bag.left_out import LeftOut
from wmp_replay.bag.records import (
    CameraFrame,
    CameraInfo,
    DepthRecord,
    ImuReading,
    JointCommand,
    Joints,
    PolicyStep,
    Record,
    UnusableMessageError,
    VelocityCommand,
)
from wmp_replay.bag.time_grid import TimeGrid

#: Share of the control period by which a command may be stamped before the reading that it belongs to.
EARLY = 0.25
#: IMU readings and commands kept: more than arrive within two control periods.
MEMORY = 256
NO_LATENT = 0


class Rebuilder:
    """Turns sensor records into :class:`PolicyStep` and :class:`DepthRecord`.

    Passes on the readings that steps are made of, with the IMU reading stamped like its joints; counts in
    ``left_out`` what cannot be used.
    """

    def __init__(self, contract: Contract, left_out: LeftOut, is_dry_run: bool = False) -> None:
        self._contract, self._is_dry_run, self._left_out = contract, is_dry_run, left_out
        self._period = contract.timing.control_period
        self._proprioception = Proprioception(contract)
        self._projection: DepthProjection | None = None
        self._frame_size = ""
        self._grid = TimeGrid(self._period)
        self._newest: Joints | None = None  # used once the next one has come, and with it its IMU reading
        self._imu: deque[ImuReading] = deque(maxlen=MEMORY)
        self._commands: deque[JointCommand] = deque(maxlen=MEMORY)
        self._command = np.zeros(3)
        self._waiting: tuple[int, RobotState] | None = None  # its action is known one step later

    def feed(self, record: Record) -> Iterator[Record]:
        """Add the next sensor record; yields the records that follow from it."""
        if isinstance(record, ImuReading):
            self._imu.append(record)
        elif isinstance(record, VelocityCommand):
            self._command = record.command
        elif isinstance(record, JointCommand):
            if not self._is_dry_run:
                self._commands.append(record)
        elif isinstance(record, Joints):
            if self._newest is not None:
                yield from self._on_joints(self._newest)
            self._newest = record
        elif isinstance(record, CameraInfo):
            self._projection = DepthProjection(self._contract.depth, record.intrinsics)
            self._frame_size = f"{record.intrinsics.width}x{record.intrinsics.height}"
        elif isinstance(record, CameraFrame):
            yield from self._on_frame(record)

    def finish(self) -> Iterator[Record]:
        """The records that were held back."""
        if self._newest is not None:
            yield from self._on_joints(self._newest)
            self._newest = None

    def _on_frame(self, frame: CameraFrame) -> Iterator[Record]:
        if self._projection is None:
            self._left_out.add("depth/image_rect_raw", "come before the first usable depth/camera_info")
            return
        try:
            yield DepthRecord(frame.stamp, self._projection(frame.depth, frame.unit))
        except GeometryError:  # normal for a moment while a camera restarts or changes its mode
            height, width = frame.depth.shape
            self._left_out.add(
                "depth/image_rect_raw", f"are {width}x{height}, camera_info states {self._frame_size}"
            )

    def _on_joints(self, joints: Joints) -> Iterator[Record]:
        for tick, taken in self._grid.feed(joints):
            try:
                imu = self._imu_at(taken.stamp)
                state = robot_state(self._contract, taken, imu)
            except UnusableMessageError as reason:
                self._left_out.add("joint_states", str(reason))
                continue
            yield taken
            yield imu
            yield from self._on_state(tick, state)

    def _on_state(self, tick: int, state: RobotState) -> Iterator[Record]:
        if self._waiting is not None and self._waiting[0] + 1 == tick:
            step = self._step(*self._waiting, state)
            if step is None:
                self._left_out.add(
                    "joint_states",
                    "hold no effort (torque), and no joint_commands tell the action: no policy steps",
                )
            else:
                yield step
        self._waiting = (tick, state)

    def _imu_at(self, stamp: float) -> ImuReading:
        """The reading nearest to ``stamp``, with that stamp."""
        nearest = min(self._imu, key=lambda reading: abs(reading.stamp - stamp), default=None)
        if nearest is None or abs(nearest.stamp - stamp) > self._period:
            raise UnusableMessageError(f"have no usable imu/data within {1e3 * self._period:.0f} ms")
        return replace(nearest, stamp=stamp)

    def _step(self, tick: int, state: RobotState, following: RobotState) -> PolicyStep | None:
        action = self._action(state, following)
        if action is None:
            return None
        command = self._contract.limits.clip_command(self._command)
        return PolicyStep(
            stamp=state.stamp,
            tick=tick,
            is_first=tick == 0,
            proprioception=self._proprioception(state, command),
            action=action,
            command=command,
            latent_tick=NO_LATENT,
            compute_ms=math.nan,
        )

    def _action(self, state: RobotState, following: RobotState) -> np.ndarray | None:
        """From command or torque; None if a joint has neither. Torques of exactly 0 N m were not measured."""
        joints, action = self._contract.joints, self._contract.action
        torque = following.tau_est if np.any(following.tau_est) else np.full(len(joints.names), math.nan)
        measured = following.q + (torque + joints.array("kd") * following.dq) / joints.array("kp")
        commanded = self._commanded(state.stamp)
        targets = np.where(np.isfinite(commanded), commanded, measured)
        if not np.isfinite(targets).all():
            return None
        values = (targets - joints.array("default_position")) / action.scale
        return np.clip(values, -action.clip, action.clip).astype(np.float32)

    def _commanded(self, stamp: float) -> np.ndarray:
        """Targets sent for the reading of ``stamp`` [rad], NaN where there is none."""
        targets = np.full(self._contract.num_joints, math.nan)
        for sent in self._commands:
            if -EARLY * self._period <= sent.stamp - stamp + SAME < (1 - EARLY) * self._period:
                known = dict(zip(sent.names, sent.position.tolist(), strict=False))
                return np.array([known.get(name, math.nan) for name in self._contract.joints.names])
        return targets
