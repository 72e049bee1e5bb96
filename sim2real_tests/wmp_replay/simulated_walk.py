"""Bags of simulated walks without ROS: for references, and of robots that differ from the nominal one.

The loop is that of the runtime (policy every 20 ms, motors every 2 ms, images one interval old), and the bag
holds what the graph would record.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.control.command import MotorCommand
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.control.pd import joint_targets, pd_torque
from wmp_core.control.power import power_share
from wmp_core.control.steering import heading_hold_yaw_rate
from wmp_core.depth.geometry import DepthProjection
from wmp_core.inference.world_model import LatentState
from wmp_core.robot_state import RobotState
from wmp_core.rotation import roll_pitch_yaw
from wmp_replay.bag.records import DepthRecord, ImuReading, Joints, LatentRecord, PolicyStep, Record
from wmp_replay.bag.writer import write_bag
from wmp_sim.a1 import LEGS
from wmp_sim.depth.camera import CameraMount
from wmp_sim.depth.d435i import DEPTH_UNIT, SimulatedD435i
from wmp_sim.depth.noise import StereoNoise
from wmp_sim.robot import EXCHANGE, PHYSICS_DT, SimulatedA1
from wmp_sim.terrain import seeded_terrain
from wmp_sim.world import build_world


@dataclass(frozen=True)
class Shift:
    """Differences from the nominal robot.

    ``payload`` on the trunk [kg]; ``friction`` coefficient of the feet; ``strength`` of the motors (factor);
    action ``delay`` [s]; ``joint_friction``, frictionloss of every joint [N m]; ``camera_pitch`` [rad],
    positive looks down; ``depth_noise``: with the errors of a D435i.
    """

    payload: float = 0.0
    friction: float = 0.8
    strength: float = 1.0
    delay: float = 0.0
    joint_friction: float = 0.0
    camera_pitch: float = 0.0
    depth_noise: bool = False


NOMINAL = Shift()
#: Shifts that a verdict must flag, and the sections of which at least one must warn or fail.
SHIFTS: dict[str, tuple[Shift, tuple[str, ...]]] = {
    "heavy": (Shift(payload=6.0), ("dynamics",)),
    "slippery": (Shift(friction=0.15), ("prediction", "surprise", "latent", "dynamics")),
    "weak": (Shift(strength=0.8), ("dynamics",)),
    "late": (Shift(delay=0.012), ("dynamics",)),
    "noisy_camera": (Shift(depth_noise=True), ("integrity",)),
    "tilted_camera": (Shift(camera_pitch=0.25), ("prediction", "surprise", "latent")),
}


@dataclass(frozen=True)
class Course:
    """Terrain and command: terrain by name, difficulty 0..1, forward speed [m/s], duration [s], seed, and
    ``heading_gain``, yaw rate per heading error [rad/s per rad]."""

    terrain: str = "rough"
    difficulty: float = 0.2
    speed: float = 0.5
    seconds: float = 10.0
    seed: int = 0
    heading_gain: float = 0.0


def write_walk(folder: Path, bundle: Bundle, course: Course = Course(), shift: Shift = NOMINAL) -> Path:
    """Simulate a walk of ``bundle`` on ``course`` and write the bag ``folder``; deterministic."""
    notes = {
        "bundle": {"name": bundle.name, "sha256": bundle.sha256},
        "terrain": course.terrain,
        "difficulty": course.difficulty,
        "seed": course.seed,
        "shift": vars(shift),
    }
    return write_bag(folder, walk_records(bundle, course, shift), notes)


def walk_records(bundle: Bundle, course: Course, shift: Shift) -> Iterator[Record]:
    """What the graph would record, in order of time."""
    contract = bundle.contract
    robot, camera = _robot_and_camera(course, shift)
    projection = DepthProjection(contract.depth, camera.pinhole)
    policy, model = bundle.create_policy(), bundle.create_world_model()
    motors = _Motors(robot, bundle, shift)
    latent, seen = model.reset(), _capture(camera, projection, robot)
    interval, period = contract.timing.world_model_interval, contract.timing.control_period
    actions: list[np.ndarray] = []
    for tick in range(round(course.seconds / period)):
        state = robot.state()
        command = contract.limits.clip_command(_command(course, state))
        if tick % interval == 0:
            captured = state.stamp - contract.timing.depth_age
            yield DepthRecord(captured, seen)
        output = policy.step(state, command, latent.h)
        actions.append(output.action)
        yield from _readings(state, contract.joints.names)
        yield PolicyStep(
            state.stamp,
            tick,
            tick == 0,
            output.proprioception,
            output.action,
            command,
            tick - tick % interval,
            0.0,
        )
        if tick % interval == 0:
            model.observe(output.proprioception, seen, captured)
            seen = _capture(camera, projection, robot)
        if tick % interval == interval - 1:
            latent = model.advance(np.stack(actions[-interval:]))
            yield _latent(latent, state.stamp)
        motors.follow(joint_targets(contract, output.action), round(period / EXCHANGE))


def _command(course: Course, state: RobotState) -> np.ndarray:
    """Forward speed, and the yaw rate back to the direction of the track."""
    heading = roll_pitch_yaw(state.quat_wxyz)[2]
    return np.array((course.speed, 0.0, heading_hold_yaw_rate(heading, 0.0, course.heading_gain)))


class _Motors:
    """Follows targets within the safety envelope's limits of torque and power, with the action delay and
    motor strength of a :class:`Shift`."""

    def __init__(self, robot: SimulatedA1, bundle: Bundle, shift: Shift) -> None:
        joints = bundle.contract.joints
        self._robot = robot
        self._kp, self._kd = joints.array("kp"), joints.array("kd")
        self._limit, self._power_limit = joints.array("torque_limit"), EnvelopeSettings().power_limit
        self._strength = shift.strength
        self._late = deque([joints.array("default_position")] * round(shift.delay / EXCHANGE))

    def follow(self, targets: np.ndarray, exchanges: int) -> None:
        kp, kd = self._kp, self._kd
        for _ in range(exchanges):
            self._late.append(targets)
            state, target = self._robot.state(), self._late.popleft()
            torque = pd_torque(target, state.q, state.dq, kp, kd, self._limit)
            allowed = np.abs(torque) * power_share(torque, state.dq, self._power_limit)
            limited = torque_limited_targets(target, state.q, state.dq, kp, kd, allowed)
            self._robot.step(MotorCommand.position(limited, self._strength * kp, self._strength * kd))


def torque_limited_targets(
    q_des: np.ndarray, q: np.ndarray, dq: np.ndarray, kp: np.ndarray, kd: np.ndarray, limit: np.ndarray
) -> np.ndarray:
    """Targets nearest ``q_des`` with PD torques within ``+-limit``; joints with ``kp = 0`` keep theirs."""
    wanted = kp * (q_des - q) - kd * dq
    allowed = np.minimum(np.maximum(wanted, -limit), limit)
    stiff = np.where(kp > 0, kp, 1.0)
    return np.where((allowed == wanted) | (kp <= 0), q_des, q + (allowed + kd * dq) / stiff)


def _robot_and_camera(course: Course, shift: Shift) -> tuple[SimulatedA1, SimulatedD435i]:
    terrain = seeded_terrain(course.terrain, course.difficulty, course.seed)
    model = build_world(terrain, actuators="torque", physics_dt=PHYSICS_DT)
    trunk = model.body("trunk").id
    heavier = 1.0 + shift.payload / model.body_mass[trunk]
    model.body_mass[trunk] *= heavier
    model.body_inertia[trunk] *= heavier
    for leg in LEGS:
        model.geom(f"{leg}_foot").friction[0] = shift.friction
    model.dof_frictionloss[-model.nu :] = shift.joint_friction
    mujoco.mj_setConst(model, mujoco.MjData(model))
    noise = StereoNoise() if shift.depth_noise else None
    camera = SimulatedD435i(model, CameraMount(pitch=shift.camera_pitch), noise, course.seed)
    return SimulatedA1(model, "standing"), camera


def _capture(camera: SimulatedD435i, projection: DepthProjection, robot: SimulatedA1) -> np.ndarray:
    truth = robot.ground_truth()
    return projection(camera.capture(truth.position, truth.quaternion), DEPTH_UNIT)


def _readings(state: RobotState, names: tuple[str, ...]) -> Iterator[Record]:
    yield ImuReading(state.stamp, state.quat_wxyz, state.gyro, state.acc)
    yield Joints(state.stamp, names, state.q, state.dq, state.tau_est)


def _latent(state: LatentState, stamp: float) -> LatentRecord:
    return LatentRecord(
        stamp, state.tick, state.h, state.z, state.source, state.depth_stamp, state.kl, 0.0, math.nan
    )
