"""Physical properties that differ from world to world, so that a policy learns to live with any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

LEGS = ("FL", "FR", "RL", "RR")

#: What each range may span: beyond it a robot is none, or the solver leaves it.
ALLOWED = {
    "friction": (0.05, 3.0),
    "payload": (-3.0, 10.0),
    "com": (-0.1, 0.1),
    "link_mass": (0.5, 2.0),
    "kp": (0.2, 3.0),
    "kd": (0.2, 3.0),
    "strength": (0.05, 3.0),
    "joint_friction": (0.0, 5.0),
}


def check_range(key: str, value: Sequence[float], allowed: tuple[float, float]) -> tuple[float, float]:
    """``value`` as (low, high); ``ValueError`` unless it is ordered and within ``allowed``."""
    expected = f"expected [low, high] with low <= high in [{allowed[0]:g}, {allowed[1]:g}]"
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    if not pair or not all(isinstance(bound, (int, float)) for bound in value):
        raise ValueError(f"randomisation: {key} is {value!r}, {expected}")
    low, high = float(value[0]), float(value[1])
    if not allowed[0] <= low <= high <= allowed[1]:
        raise ValueError(f"randomisation: {key} is [{low:g}, {high:g}], {expected}")
    return low, high


@dataclass(frozen=True)
class RandomisationConfig:
    """Ranges (low, high), drawn uniformly once per world.

    ``friction`` of the feet; ``payload`` kg added to the trunk; ``com`` m by which the trunk's centre of mass
    shifts per axis; ``link_mass``, ``kp``, ``kd`` and ``strength`` are factors (strength scales both gains: a
    weak motor); ``joint_friction`` N m of dry friction in every joint. ``ValueError`` outside of ``ALLOWED``.
    """

    friction: tuple[float, float] = (0.4, 1.6)
    payload: tuple[float, float] = (-0.5, 2.5)
    com: tuple[float, float] = (-0.04, 0.04)
    link_mass: tuple[float, float] = (0.9, 1.1)
    kp: tuple[float, float] = (0.8, 1.2)
    kd: tuple[float, float] = (0.7, 1.3)
    strength: tuple[float, float] = (0.85, 1.15)
    joint_friction: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for key, allowed in ALLOWED.items():
            check_range(key, getattr(self, key), allowed)


NOMINAL = RandomisationConfig(
    (0.8, 0.8), (0.0, 0.0), (0.0, 0.0), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0)
)


def randomise(model: mujoco.MjModel, config: RandomisationConfig, rng: np.random.Generator) -> np.ndarray:
    """Write one draw into ``model``; returns it scaled: friction, payload, com 3, kp 12, kd 12."""
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
    # From a stream of its own: with or without it, all other draws are the same.
    friction_rng = rng.spawn(1)[0]
    model.dof_frictionloss[-joints:] = friction_rng.uniform(*config.joint_friction, joints)
    mujoco.mj_setConst(model, mujoco.MjData(model))
    return np.concatenate([[friction - 1.0, payload], com * 20.0, (kp - 1.0) * 5.0, (kd - 1.0) * 5.0])
