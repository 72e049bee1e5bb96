"""A reproducible test course: each robot on a chosen world under one command for a whole episode."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from wmp_core.contract import Contract
from wmp_training.env.commands import HEADING, STAND, STRAIGHT, TURN
from wmp_training.env.environment import EnvConfig, LocomotionEnv, Observation
from wmp_training.sim.mujoco_batch import MujocoBatch, PoolConfig
from wmp_training.sim.randomisation import NOMINAL, RandomisationConfig

LEVELS = 10


@dataclass(frozen=True)
class Cell:
    """One line of the table: terrain at a level of 0..9 (difficulty level / 9) and command (m/s, rad/s)."""

    terrain: str
    level: int
    vx: float
    yaw: float = 0.0

    @property
    def difficulty(self) -> float:
        return self.level / (LEVELS - 1)


def scenario(
    contract: Contract, cells: tuple[Cell, ...], robots: int, seed: int, disturbed: bool = True
) -> LocomotionEnv:
    """``robots`` robots per cell, not yet reset; call :func:`start` to begin.

    Args:
        disturbed: randomised bodies and sensor noise as in training. No pushes, no lost images.
    """
    torch.manual_seed(seed)
    names = tuple(dict.fromkeys(cell.terrain for cell in cells))
    pool = PoolConfig(
        levels=tuple((name, 1 if name == "flat" else LEVELS) for name in names),
        variants=4,
        flat_variants=16,
        randomisation=RandomisationConfig() if disturbed else NOMINAL,
    )
    quiet = replace(EnvConfig(), push_velocity=0.0, lost_images=0.0, blind_robots=0.0)
    config = quiet if disturbed else replace(quiet, noise=(), camera_pitch=0.0, latency=0.0)
    simulator = MujocoBatch(contract, robots * len(cells), pool, seed)
    kinds = torch.tensor([names.index(cell.terrain) for cell in cells]).repeat_interleave(robots)
    env = LocomotionEnv(contract, simulator, replace(config, terrain_shares=(1.0,) * len(names)), kinds)
    env.curriculum.level = torch.tensor([cell.level for cell in cells]).repeat_interleave(robots)
    return env


def start(env: LocomotionEnv, cells: tuple[Cell, ...]) -> Observation:
    """Reset and give every robot its cell's command for the whole episode; on a track it is steered."""
    env.reset()
    env.age_offset[:] = 0
    robots = env.num_robots // len(cells)
    command = torch.tensor([[cell.vx, 0.0, cell.yaw] for cell in cells]).repeat_interleave(robots, dim=0)
    env.commands.velocity[:] = command
    env.commands.time_left[:] = torch.inf
    walking, turning = command[:, 0] > 0, command[:, 2] != 0
    walk = torch.where(env.track, HEADING, STRAIGHT)
    env.commands.mode[:] = torch.where(walking, walk, torch.where(turning, TURN, STAND))
    everyone = torch.arange(env.num_robots)
    env.observations.reset(everyone)
    return env.observe()
