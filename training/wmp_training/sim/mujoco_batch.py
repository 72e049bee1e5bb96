"""The simulator: MuJoCo on the CPU, with all worlds of a pool compiled in advance.

There is a world for every terrain kind, level and variant, each with its own randomised robot.
"""

from __future__ import annotations

import mujoco
import numpy as np
import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_core.control.envelope import EnvelopeSettings
from wmp_core.control.power import power_share
from wmp_sim.motors import deliverable_torque
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world
from wmp_training.progress import reported
from wmp_training.sim.backend import Worlds
from wmp_training.sim.config import PoolConfig
from wmp_training.sim.mujoco_worlds import MujocoWorlds
from wmp_training.sim.randomisation import randomise

PHYSICS_DT = 0.005


class MujocoBatch(MujocoWorlds):
    """See :class:`wmp_training.sim.backend.Simulator`.

    Args:
        contract: joint order, gains, camera and control period.
        num_robots: number of robots.
        pool: worlds to compile.
        seed: of terrains and randomisation.
        threads: physics threads, 0 for all CPUs.
    """

    def __init__(
        self, contract: Contract, num_robots: int, pool: PoolConfig, seed: int, threads: int = 0
    ) -> None:
        self.substeps = round(contract.timing.control_period / PHYSICS_DT)
        rng = np.random.default_rng(seed)
        entries = [
            (kind, name, level, variant)
            for kind, name in enumerate(pool.terrains)
            for level in range(pool.levels_of(name))
            for variant in range(pool.variants_of(name))
        ]
        terrains = [make_terrain(entry[1], pool.difficulty(*entry[1:]), rng) for entry in entries]
        boxes = max(len(terrain.boxes) for terrain in terrains)
        models = [
            build_world(terrain, "position", PHYSICS_DT, max_boxes=boxes)
            for terrain in reported(terrains, "worlds compiled")
        ]
        parameters = [randomise(model, pool.randomisation, rng) for model in models]
        self.worlds = Worlds(
            names=pool.terrains,
            kind=torch.tensor([entry[0] for entry in entries]),
            level=torch.tensor([entry[2] for entry in entries]),
            parameters=torch.tensor(np.array(parameters), dtype=torch.float32),
        )
        self._motors = Motors(contract, models) if pool.motor_limits else None
        super().__init__(contract, num_robots, models, threads)

    def step(self, targets: Tensor) -> None:
        control = np.ascontiguousarray(targets.numpy(), dtype=np.float64)
        if self._motors is not None:
            self._step_limited(control, self._motors)
            return
        self.batch.rollout(
            self.substeps, control=control, control_spec=int(mujoco.mjtState.mjSTATE_CTRL), record=()
        )

    def _step_limited(self, control: np.ndarray, motors: Motors) -> None:
        for substep in range(self.substeps):
            q, dq = self._qpos[:, 7:], self._qvel[:, 6:]
            self._control[:] = motors.reachable(self.world_of, control[:, substep], q, dq)
            self.batch.step()


class Motors:
    """Limits joint targets so that the position actuators apply only what the envelope allows and the motors
    deliver."""

    def __init__(self, contract: Contract, models: list[mujoco.MjModel]) -> None:
        self._kp = np.array([model.actuator_gainprm[:, 0] for model in models])
        self._kd = np.array([-model.actuator_biasprm[:, 2] for model in models])
        self._torque_limit = np.array(contract.joints.torque_limit)
        self._velocity_limit = np.array(contract.joints.velocity_limit)
        self._power_limit = EnvelopeSettings().power_limit

    def reachable(self, world: np.ndarray, target: np.ndarray, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """Targets whose torque equals what motors deliver for ``target`` at ``q`` and ``dq``; all [N, J]."""
        kp, kd = self._kp[world], self._kd[world]
        wanted = kp * (target - q) - kd * dq
        allowed = np.minimum(np.maximum(wanted, -self._torque_limit), self._torque_limit)
        allowed *= power_share(allowed, dq, self._power_limit)
        delivered = deliverable_torque(allowed, dq, self._torque_limit, self._velocity_limit)
        return target + (delivered - wanted) / kp
