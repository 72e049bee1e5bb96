"""Plays a reference gait on a simulated robot, to check that motors and balance suffice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wmp_core.control.command import MotorCommand
from wmp_core.rotation import projected_gravity
from wmp_sim.a1 import a1_model
from wmp_sim.robot import EXCHANGE, SimulatedA1
from wmp_sim.terrain import seeded_terrain
from wmp_sim.world import build_world
from wmp_training.motions.gait import Gait, joint_positions

#: Duration of the transition from standing to the gait, and of the measurement after it [s].
BLEND, DURATION = 0.6, 3.0
PHYSICS_DT = 0.001
#: Gains stiff enough to track without anticipating the load, unlike a policy [N m/rad, N m s/rad].
KP, KD = 180.0, 4.0


@dataclass(frozen=True)
class Playback:
    """Mean forward ``speed`` [m/s]; maximum ``tilt`` [rad], ``torque`` [N m] and joint error [rad]."""

    fell: bool
    speed: float
    tilt: float
    torque: float
    tracking_error: float


def play(gait: Gait) -> Playback:
    """Track ``gait`` in open loop on flat ground, with the motors' torque limits."""
    world = build_world(seeded_terrain("flat", 0.0, seed=0), "torque", PHYSICS_DT)
    robot = SimulatedA1(world, spawn="standing")
    constants = a1_model()
    steps, blend = round((BLEND + DURATION) / EXCHANGE), round(BLEND / EXCHANGE)
    phase = np.arange(steps + 1) * EXCHANGE / gait.period
    share = np.minimum(np.arange(steps + 1) / blend, 1.0)[:, None]
    targets = constants.default_position + share * (joint_positions(gait, phase) - constants.default_position)
    velocities = np.diff(targets, axis=0) / EXCHANGE
    tilt = torque = error = begin = 0.0
    kp, kd = np.full(12, KP), np.full(12, KD)
    for step in range(steps):
        command = MotorCommand(q=targets[step], dq=velocities[step], tau=np.zeros(12), kp=kp, kd=kd)
        state = robot.step(command)
        if step == blend:
            begin = float(robot.ground_truth().position[0])
        if step >= blend:
            tilt = max(tilt, float(np.arccos(np.clip(-projected_gravity(state.quat_wxyz)[2], -1.0, 1.0))))
            torque = max(torque, float(np.abs(state.tau_est).max()))
            error = max(error, float(np.abs(state.q - targets[step]).max()))
    truth = robot.ground_truth()
    return Playback(bool(truth.fallen), (float(truth.position[0]) - begin) / DURATION, tilt, torque, error)
