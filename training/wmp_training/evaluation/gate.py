"""The gate for checkpoints in training: how often does the deterministic policy make it, level by level?

Reward, curriculum levels and the success of noisy rollouts can all rise while the policy without its noise
stands still. This is a quick look with torch in the training simulator; published figures come from
``wmp eval`` on the exported bundle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from wmp_training.a1_contract import a1_contract
from wmp_training.env.commands import HEADING
from wmp_training.env.environment import LocomotionEnv, Observation
from wmp_training.evaluation.run_candidate import RunCandidate
from wmp_training.presets import preset
from wmp_training.settings import configured
from wmp_training.sim.mujoco_batch import MujocoBatch
from wmp_training.tasks import Task, task, without_camera

#: Commanded speed [m/s] and forward progress [m] that makes an episode without a fall a success.
SPEED, DISTANCE = 0.6, 6.0

Policy = Callable[[Observation], Tensor]
#: Share of successes by terrain and level.
Successes = dict[str, dict[int, float]]


def gate(run: Path, levels: tuple[int, ...], robots: int, seed: int = 7, threads: int = 1) -> Successes:
    """Judge the checkpoint of ``run`` (any stage) with ``robots`` per terrain and level, one episode each.

    Raises:
        FileNotFoundError: there is none.
        ValueError: no robots, or levels that the run does not have.
    """
    who = RunCandidate(run)
    config = who.facts["config"]
    unknown = [level for level in levels if not 0 <= level < config["levels"]]
    if unknown or robots < 1:
        raise ValueError(
            f"levels are {levels} with {robots} robots each, expected 0 to {config['levels'] - 1}, at least 1"
        )
    torch.manual_seed(seed)
    what = configured(task(config.get("task", "gentle")), config.get("settings", {}))
    what = what.randomised(config.get("randomisation", {})).without(config.get("without", ()))
    env = _course(what, config["levels"], levels, robots, seed, threads, who.camera)
    return _judge(env, who.agent(env.num_robots))


def _course(
    what: Task, top: int, levels: tuple[int, ...], robots: int, seed: int, threads: int, camera: bool
) -> LocomotionEnv:
    """``robots`` on every track and level of ``what``, new ones of the same kinds, without pushes."""
    # Every robot on the level that it is counted for.
    stated = replace(what.env.curriculum, revisit=0.0)
    quiet = replace(what.env, push_velocity=0.0, lost_images=0.0, blind_robots=0.0, curriculum=stated)
    names = tuple(name for name in what.worlds.terrains if name != "flat")
    config = quiet if camera else without_camera(quiet)
    contract = a1_contract(preset("small").world_model)
    count = len(names) * len(levels) * robots
    pool = what.with_worlds(terrains=names, levels=top, variants=3, graded=False).pool(count)
    simulator = MujocoBatch(contract, count, pool, seed, threads)
    kinds = torch.arange(len(names)).repeat_interleave(len(levels) * robots)
    env = LocomotionEnv(contract, simulator, config, kinds)
    env.curriculum.level = torch.tensor(levels).repeat_interleave(robots).repeat(len(names))
    return env


@torch.no_grad()
def _judge(env: LocomotionEnv, policy: Policy) -> Successes:
    env.reset()
    env.age_offset[:] = 0
    env.commands.velocity[:] = torch.tensor([SPEED, 0.0, 0.0])
    env.commands.mode[:], env.commands.time_left[:] = HEADING, torch.inf
    env.observations.reset(torch.arange(env.num_robots))
    seen, level = env.observe(), env.curriculum.level.clone()
    running = torch.ones(env.num_robots, dtype=torch.bool)
    passed, begin = torch.zeros_like(running), env.start_x.clone()
    for _ in range(env.max_tick):
        before = env.sim.states().position[:, 0].clone()
        step = env.step(policy(seen))
        seen = step.observation
        ended = running & step.done
        passed |= ended & step.time_out & (before - begin > DISTANCE)
        running &= ~step.done
        if not running.any():
            break
    return {
        name: {
            int(L): passed[(env.curriculum.kind == k) & (level == L)].float().mean().item()
            for L in level[env.curriculum.kind == k].unique()
        }
        for k, name in enumerate(env.sim.worlds.names)
    }


def table(successes: Successes) -> str:
    """Markdown: a line per terrain, a column per level."""
    levels = sorted({level for row in successes.values() for level in row})
    lines = ["| terrain | " + " | ".join(f"level {level}" for level in levels) + " |"]
    lines.append("|---" * (len(levels) + 1) + "|")
    for name, row in successes.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[level]:.0%}" for level in levels) + " |")
    return "\n".join(lines)
