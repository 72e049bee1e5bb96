"""Domain randomisation: physical properties that differ from world to world."""

from __future__ import annotations

import mujoco
import numpy as np

from wmp_sim.a1 import ROBOT_GROUP
from wmp_training.sim.config import RandomisationConfig


def randomise(model: mujoco.MjModel, config: RandomisationConfig, rng: np.random.Generator) -> np.ndarray:
    """Draw properties into ``model``; returns them scaled: friction, payload, com 3, kp 12, kd 12."""
    friction = rng.uniform(*config.friction)
    payload = rng.uniform(*config.payload)
    com = rng.uniform(*config.com, 3)
    joints = model.nu
    strength = rng.uniform(*config.strength, joints)
    kp, kd = rng.uniform(*config.kp, joints) * strength, rng.uniform(*config.kd, joints) * strength
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
    # From their own random stream, so that they do not change the other draws.
    extra = rng.spawn(1)[0]
    model.dof_frictionloss[-joints:] = extra.uniform(*config.joint_friction, joints)
    model.dof_damping[-joints:] = extra.uniform(*config.joint_damping)
    model.dof_armature[-joints:] = extra.uniform(*config.armature)
    shapes = {
        "foot": friction,
        "calf": extra.uniform(*config.calf_friction),
        "thigh": extra.uniform(*config.thigh_friction),
    }
    ground = extra.uniform(*config.ground_friction)
    friction = min(friction, ground)
    _set_friction(model, shapes, ground)
    mujoco.mj_setConst(model, mujoco.MjData(model))
    return np.concatenate([[friction - 1.0, payload], com * 20.0, (kp - 1.0) * 5.0, (kd - 1.0) * 5.0])


def torque_lags(config: RandomisationConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    """Time constants of the motors' torque [count], s, from a random stream of their own."""
    return rng.spawn(1)[0].uniform(*config.torque_lag, count)


def _set_friction(model: mujoco.MjModel, shapes: dict[str, float], ground: float) -> None:
    """Set the friction of the robot's shapes, which have contact priority over the ground.

    The lower of the two counts. MuJoCo's own rule, the higher, would hide a slippery foot; their product
    would reach 0.09 with both at 0.3, where no robot walks.
    """
    for geom in np.flatnonzero(model.geom_group == ROBOT_GROUP):
        own = shapes.get(model.geom(geom).name.partition("_")[2], model.geom_friction[geom, 0])
        model.geom_friction[geom, 0] = min(own, ground)
