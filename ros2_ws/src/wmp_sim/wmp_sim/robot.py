"""The simulated A1 behind its motor controllers: commands in, states out, 2 ms per exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import mujoco
import numpy as np

from wmp_core.control.command import MotorCommand
from wmp_core.control.joint_stops import JointStops
from wmp_core.robot_state import RobotState
from wmp_core.rotation import rotate_inverse

from .a1 import LEGS, a1_model
from .fall import FallDetector
from .motors import AMBIENT_TEMPERATURE, deliverable_torque, heated
from .world import SPAWN_HEIGHT

#: Period of one exchange of command and state [s]; the tick counts milliseconds.
EXCHANGE = 0.002
TICKS_PER_EXCHANGE = 2
#: Time step of the physics of a simulated robot [s].
PHYSICS_DT = 0.001

#: Pose of a robot that is switched on while lying: hip, thigh, calf of every leg [rad].
PRONE_POSE = (0.0, 1.3, -2.6)
PRONE_HEIGHT = 0.13
#: Time for a spawned robot to come to rest [s].
SETTLING_TIME = 3.0

Spawn = Literal["prone", "standing"]


@dataclass(frozen=True)
class MotorControllerSettings:
    """What the robot's motor controllers do by themselves.

    After ``command_timeout`` [s] without a command they damp with ``damping_kd`` [N m s/rad]. The time-out of
    the real robot is not published. ``joint_stops`` limits the torque towards joint stops, as in training
    (``wmp_core.control.joint_stops``); the real motors are not known to do so.
    """

    command_timeout: float = 0.05
    damping_kd: float = 3.0
    joint_stops: bool = False

    def __post_init__(self) -> None:
        for key in ("command_timeout", "damping_kd"):
            if not getattr(self, key) > 0:
                raise ValueError(
                    f"motor controller: {key} is {getattr(self, key)}, expected a positive number"
                )


@dataclass(frozen=True)
class GroundTruth:
    """Ground truth of base_link: position in the world [m], orientation base_link -> world (w, x, y, z),
    linear velocity in the world [m/s], angular velocity in base_link [rad/s]; and whether the robot has
    fallen since it first stood."""

    position: np.ndarray
    quaternion: np.ndarray
    linear_velocity: np.ndarray
    angular_velocity: np.ndarray
    fallen: bool

    @property
    def velocity_in_base(self) -> np.ndarray:
        """Linear velocity in base_link [m/s]."""
        return rotate_inverse(self.quaternion, self.linear_velocity)


class SimulatedA1:
    """An A1 in a world built with torque actuators.

    Joints are in contract order (``wmp_sim.a1.JOINT_NAMES``). It is deterministic: the same commands
    give the same states, bit for bit.

    Raises:
        ValueError: the model has other actuators, or ``EXCHANGE`` is no multiple of its time step.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        spawn: Spawn = "prone",
        settings: MotorControllerSettings = MotorControllerSettings(),
    ) -> None:
        self._substeps = _substeps(model)
        if model.actuator_biastype.any():
            raise ValueError(
                "the model has position actuators, expected build_world(..., actuators='torque')"
            )
        if spawn not in ("prone", "standing"):
            raise ValueError(f"spawn is {spawn!r}, expected 'prone' or 'standing'")
        self.model = model
        self._data = mujoco.MjData(model)
        self._q, self._dq = self._data.qpos[7:], self._data.qvel[6:]
        self._robot = a1_model()
        robot = self._robot
        self._stops = None
        if settings.joint_stops:
            self._stops = JointStops(robot.position_lower, robot.position_upper, robot.torque_limit)
        self._settings = settings
        self._temperature = np.full(12, AMBIENT_TEMPERATURE)
        self._torque = np.zeros(12)
        self._shove: np.ndarray | None = None
        self._accelerometer = self._data.sensor("accelerometer").data
        self._feet_force = [self._data.sensor(f"{leg}_foot").data for leg in LEGS]
        self._tick = 0
        self._silent_exchanges = 0
        self._timeout_exchanges = round(settings.command_timeout / EXCHANGE)
        self._fall_detector = FallDetector(model)
        self._command = MotorCommand.damping(settings.damping_kd)
        self._settle(spawn)

    @property
    def time(self) -> float:
        """Simulated time since the robot was switched on [s]."""
        return self._tick * 1e-3

    @property
    def has_timed_out(self) -> bool:
        """Whether the motors damp because commands have stopped."""
        return self._silent_exchanges > self._timeout_exchanges

    def step(self, command: MotorCommand | None, limp: np.ndarray | None = None) -> RobotState:
        """Apply ``command`` (None: no command arrived) for ``EXCHANGE`` [s] and return the new state.

        Args:
            limp: joints whose motors have no torque [12].
        """
        if command is not None:
            self._command, self._silent_exchanges = command, 0
        else:
            self._silent_exchanges += 1
            if self.has_timed_out:
                self._command = MotorCommand.damping(self._settings.damping_kd)
        if self._shove is not None:
            self._data.qvel[:3] += self._shove
            self._shove = None
        self._advance(self._command, limp)
        self._tick += TICKS_PER_EXCHANGE
        self._temperature = heated(self._temperature, self._torque, EXCHANGE)
        self._fall_detector.update(self._data, self.time)
        return self.state()

    def push(self, velocity: np.ndarray) -> None:
        """Change the base's velocity in the world by ``velocity`` [3] m/s at the next step. Any thread."""
        self._shove = np.array(velocity, dtype=np.float64)

    def state(self) -> RobotState:
        """The current state, stamped with simulated time."""
        data = self._data
        return RobotState(
            quat_wxyz=data.qpos[3:7].copy(),
            gyro=data.qvel[3:6].copy(),
            acc=self._accelerometer.copy(),
            q=self._q.copy(),
            dq=self._dq.copy(),
            tau_est=self._torque.copy(),
            stamp=self.time,
            tick=self._tick,
            motor_temperature=self._temperature.round(),
            foot_force=np.array([force[2] for force in self._feet_force]),
        )

    def ground_truth(self) -> GroundTruth:
        """Pose, velocity and whether the robot has fallen."""
        data = self._data
        return GroundTruth(
            position=data.qpos[:3].copy(),
            quaternion=data.qpos[3:7].copy(),
            linear_velocity=data.qvel[:3].copy(),
            angular_velocity=data.qvel[3:6].copy(),
            fallen=self._fall_detector.fallen,
        )

    def _advance(self, command: MotorCommand, limp: np.ndarray | None = None) -> None:
        for _ in range(self._substeps):
            commanded = command.implied_torque(self._q, self._dq)
            if self._stops is not None:
                commanded = self._stops.bounded(commanded, self._q, self._dq)
            self._torque = deliverable_torque(
                commanded, self._dq, self._robot.torque_limit, self._robot.velocity_limit
            )
            if limp is not None:
                self._torque[limp] = 0.0
            self._data.ctrl[:] = self._torque
            mujoco.mj_step(self.model, self._data)

    def _settle(self, spawn: Spawn) -> None:
        mujoco.mj_resetDataKeyframe(self.model, self._data, 0)
        command = MotorCommand.position(self._robot.default_position, self._robot.kp, self._robot.kd)
        if spawn == "prone":
            self._data.qpos[2] += PRONE_HEIGHT - SPAWN_HEIGHT
            self._q[:] = PRONE_POSE * len(LEGS)
            command = self._command
        for _ in range(round(SETTLING_TIME / EXCHANGE)):
            self._advance(command)
        self._fall_detector.update(self._data, self.time)


def _substeps(model: mujoco.MjModel) -> int:
    substeps = round(EXCHANGE / model.opt.timestep)
    if substeps < 1 or abs(substeps * model.opt.timestep - EXCHANGE) > 1e-9:
        raise ValueError(f"physics_dt is {model.opt.timestep} s, expected a whole fraction of {EXCHANGE} s")
    return substeps
