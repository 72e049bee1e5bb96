"""Domain randomisation: physical properties that differ from world to world."""

from __future__ import annotations

import mujoco
import numpy as np

from wmp_sim.a1 import LEGS
from wmp_training.sim.config import RandomisationConfig


def randomise(model: mujoco.MjModel, config: RandomisationConfig, rng: np.random.Generator) -> np.ndarray:
    """Draw properties into ``model``; returns them scaled: friction, payload, com 3, kp 12, kd 12."""
    friction = rng.uniform(*config.friction)
    payload = rng.uniform(*config.payload)
    com = rng.uniform(*config.com, 3)
    joints = model.nu
    strength = rng.uniform(*config.strength, joints)
    kp, kd = rng.uniform(*config.kp, joints) * strength, rng.uniform(*config.kd, joints) * strength
    for leg in LEGS:
        model.geom(f"{leg}_foot").friction[0] = friction
    trunk = model.body("trunk").id
    links = np.arange(trunk + 1, model.nbody)
    scale = rng.uniform(*config.link_mass, len(links))
    model.body_mass[links] *= scale
    model.body_inertia[links] *= scale[:, None]
    heavier = (model.body_mass[trunk] + payload) / model.body_mass[trunk]
    model.body_mass[trunk] *= heavier
    model.body_inertia[trunk] *= heavier
    model.body_ipos[trunk] += com
    model.actuator_gainprm[:, 0] *= kp
    model.actuator_biasprm[:, 1] *= kp
    model.actuator_biasprm[:, 2] *= kd
    # From its own random stream, so that it does not change the other draws.
    friction_rng = rng.spawn(1)[0]
    model.dof_frictionloss[-joints:] = friction_rng.uniform(*config.joint_friction, joints)
    mujoco.mj_setConst(model, mujoco.MjData(model))
    return np.concatenate([[friction - 1.0, payload], com * 20.0, (kp - 1.0) * 5.0, (kd - 1.0) * 5.0])
