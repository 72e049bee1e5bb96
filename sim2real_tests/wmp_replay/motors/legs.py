"""The legs of an A1 on a trunk that moves like the recorded one, without any terrain.

The trunk is too heavy for the legs to move; a force and a torque give it the acceleration that the IMU
measured. Legs in the air then experience the recorded motion of the trunk, and no terrain needs to be known.
"""

from __future__ import annotations

import mujoco
import numpy as np

from wmp_core.rotation import rotate
from wmp_replay.motors.trajectory import Trajectory
from wmp_sim.a1 import JOINT_NAMES, LEGS, build_a1
from wmp_sim.robot import PHYSICS_DT

#: Mass [kg] and inertia [kg m^2] of the trunk: legs of 2 kg cannot move it.
TRUNK = 1e5
GRAVITY = np.array((0.0, 0.0, -9.81))
TRUNK_JOINT = 6  # its degrees of freedom come before those of the legs


def leg_model() -> mujoco.MjModel:
    """The robot with the heavy trunk, in the air, with position actuators."""
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    spec.option.timestep = PHYSICS_DT
    # Explicit, like the gains of the simulated robot: implicit damping would slow the joints down.
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_EULER
    spec.option.gravity = GRAVITY
    build_a1(spec, "position")
    model = spec.compile()
    usual = model.stat.meaninertia
    trunk = model.body("trunk").id
    model.body_mass[trunk], model.body_inertia[trunk], model.body_ipos[trunk] = TRUNK, TRUNK, 0.0
    mujoco.mj_setConst(model, mujoco.MjData(model))
    model.stat.meaninertia = usual  # scales the tolerance of the solver, which must suit the legs
    return model


def trunk_acceleration(recorded: Trajectory, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Linear acceleration in the world frame [m/s^2] and angular in base_link [rad/s^2], ``[N, 3]`` each.

    The linear one is a median of three readings: a reading during an impact does not represent its period.
    """
    specific = rotate(recorded.quat, recorded.acc)
    near = np.stack([np.roll(specific, shift, axis=0) for shift in (-1, 0, 1)])
    linear = np.median(near, axis=0) + GRAVITY
    return linear, _derivative(recorded.gyro, period)


def foot_forces(model: mujoco.MjModel, recorded: Trajectory, torque: np.ndarray, period: float) -> np.ndarray:
    """Magnitude of the force on each foot [N], ``[N, 4]``: what the joint ``torque [N, J]`` does not explain
    of the motion."""
    data = mujoco.MjData(model)
    linear, angular = trunk_acceleration(recorded, period)
    acceleration = _derivative(recorded.dq, period)
    feet = [model.geom(f"{leg}_foot") for leg in LEGS]
    forces = np.empty((len(recorded.q), len(LEGS)))
    jacobian = np.empty((3, model.nv))
    for i in range(len(forces)):
        data.qpos[3:7], data.qpos[7:] = recorded.quat[i], recorded.q[i]
        data.qvel[3:6], data.qvel[6:] = recorded.gyro[i], recorded.dq[i]
        data.qacc[:3], data.qacc[3:6], data.qacc[6:] = linear[i], angular[i], acceleration[i]
        mujoco.mj_inverse(model, data)
        missing = data.qfrc_inverse[TRUNK_JOINT:] - torque[i]
        for leg, foot in enumerate(feet):
            mujoco.mj_jac(model, data, jacobian, None, data.geom_xpos[foot.id], foot.bodyid[0])
            own = slice(3 * leg, 3 * leg + 3)
            block = jacobian[:, TRUNK_JOINT:][:, own]
            forces[i, leg] = np.linalg.norm(np.linalg.lstsq(block.T, missing[own], rcond=0.05)[0])
    return forces


def joint_kinds() -> np.ndarray:
    """Per joint ``[J]``: 0 hip, 1 thigh, 2 calf."""
    kinds = ("hip", "thigh", "calf")
    return np.array([kinds.index(name.split("_")[1]) for name in JOINT_NAMES])


def _derivative(values: np.ndarray, period: float) -> np.ndarray:
    return np.gradient(values, period, axis=0)
