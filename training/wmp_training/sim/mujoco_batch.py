"""The simulator: MuJoCo on the CPU, with all worlds of a pool compiled in advance.

There is a world for every terrain kind, level and variant, each with its own randomised robot.
"""

from __future__ import annotations

import mujoco
import numpy as np
import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world
from wmp_training.progress import reported
from wmp_training.sim.backend import Worlds
from wmp_training.sim.config import PoolConfig
from wmp_training.sim.motors import Motors
from wmp_training.sim.mujoco_worlds import MujocoWorlds
from wmp_training.sim.randomisation import randomise, torque_lags

PHYSICS_DT = 0.005
#: Key of the motors' torque in a checkpoint.
MOTOR_TORQUE = "motor_torque"


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
        terrains = [
            make_terrain(name, pool.difficulty(name, level, variant), rng, pool.options(variant))
            for _, name, level, variant in entries
        ]
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
        super().__init__(contract, num_robots, models, threads)
        self._motors = None
        if pool.motor_limits:
            lags = torque_lags(pool.randomisation, len(models), rng)
            self._motors = Motors(contract, models, num_robots, lags, pool.joint_stops)

    def place(
        self, robots: Tensor, world: Tensor, pose: Tensor, velocity: Tensor, q: Tensor, dq: Tensor
    ) -> None:
        super().place(robots, world, pose, velocity, q, dq)
        if self._motors is not None:
            self._motors.reset(robots.numpy())

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

    def state_dict(self) -> dict[str, Tensor]:
        state = super().state_dict()
        return state if self._motors is None else state | {MOTOR_TORQUE: torch.tensor(self._motors.torque)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        super().load_state_dict(state)
        # Older checkpoints have motors without lag, whose torque needs no memory.
        if self._motors is not None and MOTOR_TORQUE in state:
            self._motors.torque[:] = state[MOTOR_TORQUE].numpy()
