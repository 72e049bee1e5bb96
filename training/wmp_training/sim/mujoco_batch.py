"""Simulator on MuJoCo's thread pool of CPU simulations.

All worlds are compiled once (terrain kind x level x variant, each variant with its own randomised robot); a
reset swaps a robot's model for another of the pool, which costs microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import mujoco
import numpy as np
import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_sim.terrain import make_terrain
from wmp_sim.world import build_world
from wmp_training.sim.backend import Worlds
from wmp_training.sim.mujoco_worlds import MujocoWorlds
from wmp_training.sim.randomisation import RandomisationConfig, randomise

PHYSICS_DT = 0.005


@dataclass(frozen=True)
class PoolConfig:
    """Terrain kinds with their number of levels (difficulty 0 to 1), and variants per level."""

    levels: tuple[tuple[str, int], ...] = (("flat", 1), ("rough", 10), ("slope", 10))
    variants: int = 8
    flat_variants: int = 48
    randomisation: RandomisationConfig = field(default_factory=RandomisationConfig)


class MujocoBatch(MujocoWorlds):
    """See :class:`wmp_training.sim.backend.Simulator`.

    Args:
        contract: joint order, gains, camera and control period.
        num_robots: simulations.
        pool: which worlds to compile.
        seed: of terrains and randomisation.
        threads: physics threads, 0 for all CPUs.
    """

    def __init__(
        self, contract: Contract, num_robots: int, pool: PoolConfig, seed: int, threads: int = 0
    ) -> None:
        self.substeps = round(contract.timing.control_period / PHYSICS_DT)
        rng = np.random.default_rng(seed)
        entries = [
            (kind, names[0], level, levels)
            for kind, names in enumerate(pool.levels)
            for levels in [names[1]]
            for level in range(levels)
            for _ in range(pool.flat_variants if levels == 1 else pool.variants)
        ]
        terrains = [make_terrain(name, level / max(levels - 1, 1), rng) for _, name, level, levels in entries]
        boxes = max(len(terrain.boxes) for terrain in terrains)
        models = [build_world(terrain, "position", PHYSICS_DT, max_boxes=boxes) for terrain in terrains]
        parameters = [randomise(model, pool.randomisation, rng) for model in models]
        self.worlds = Worlds(
            names=tuple(name for name, _ in pool.levels),
            kind=torch.tensor([entry[0] for entry in entries]),
            level=torch.tensor([entry[2] for entry in entries]),
            parameters=torch.tensor(np.array(parameters), dtype=torch.float32),
        )
        super().__init__(contract, num_robots, terrains, models, threads)

    def step(self, targets: Tensor) -> None:
        control = np.ascontiguousarray(targets.numpy(), dtype=np.float64)
        self.batch.rollout(
            self.substeps, control=control, control_spec=int(mujoco.mjtState.mjSTATE_CTRL), record=()
        )
