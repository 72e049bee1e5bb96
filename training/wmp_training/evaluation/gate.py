"""Gate for runs in training: success rate of the deterministic policy per terrain and curriculum level.

Reward, curriculum levels and the success of noisy rollouts can all rise while the policy without exploration
noise stands still. This is a quick check with torch in the training simulator; published figures come from
``wmp eval`` on the exported bundle.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from wmp_training.a1_contract import a1_contract
from wmp_training.env.commands import HEADING
from wmp_training.env.environment import LocomotionEnv, Observation
from wmp_training.evaluation.episodes import Progress
from wmp_training.evaluation.run_candidate import RunCandidate
from wmp_training.presets import preset
from wmp_training.settings import configured
from wmp_training.sim.mujoco_batch import MujocoBatch
from wmp_training.tasks import Task, task, without_camera

#: Commanded speed [m/s], and forward progress [m] at which an episode without a fall succeeds.
SPEED, DISTANCE = 0.6, 6.0

Policy = Callable[[Observation], Tensor]
#: Success rate by terrain and curriculum level.
SuccessRates = dict[str, dict[int, float]]


def gate(
    run: Path,
    levels: tuple[int, ...],
    robots: int,
    seed: int = 7,
    threads: int = 1,
    progress: Progress | None = None,
) -> SuccessRates:
    """Evaluate the last checkpoint of ``run``, of any stage: one episode for each of ``robots`` per cell.

    A cell is a terrain at one of the curriculum ``levels``.

    Raises:
        FileNotFoundError: there is no checkpoint.
        ValueError: no robots, or levels that the run does not have.
    """
    candidate = RunCandidate(run)
    config = candidate.facts["config"]
    unknown = [level for level in levels if not 0 <= level < config["levels"]]
    if unknown or robots < 1:
        raise ValueError(
            f"levels are {levels} with {robots} robots each, expected 0 to {config['levels'] - 1}, at least 1"
        )
    torch.manual_seed(seed)
    chosen = configured(task(config.get("task", "gentle")), config.get("settings", {}))
    chosen = chosen.randomised(config.get("randomisation", {})).without(config.get("without", ()))
    env = _environment(chosen, config["levels"], levels, robots, seed, threads, candidate.uses_camera)
    return _success_rates(env, candidate.agent(env.num_robots), progress)


def _environment(
    training: Task,
    num_levels: int,
    levels: tuple[int, ...],
    robots: int,
    seed: int,
    threads: int,
    camera: bool,
) -> LocomotionEnv:
    """``robots`` on every terrain and level of ``training``, on new tracks, without pushes or lost images."""
    # Without revisits every robot stays on the level it counts for.
    curriculum = replace(training.env.curriculum, revisit=0.0)
    calm = replace(training.env, push_velocity=0.0, lost_images=0.0, blind_robots=0.0, curriculum=curriculum)
    names = tuple(name for name in training.worlds.terrains if name != "flat")
    config = calm if camera else without_camera(calm)
    contract = a1_contract(preset("small").world_model)
    count = len(names) * len(levels) * robots
    pool = training.with_worlds(terrains=names, levels=num_levels, variants=3, graded=False).pool(count)
    simulator = MujocoBatch(contract, count, pool, seed, threads)
    kinds = torch.arange(len(names)).repeat_interleave(len(levels) * robots)
    env = LocomotionEnv(contract, simulator, config, kinds)
    env.curriculum.level = torch.tensor(levels).repeat_interleave(robots).repeat(len(names))
    return env


@torch.no_grad()
def _success_rates(env: LocomotionEnv, policy: Policy, progress: Progress | None = None) -> SuccessRates:
    env.reset()
    env.age_offset[:] = 0
    env.commands.velocity[:] = torch.tensor([SPEED, 0.0, 0.0])
    env.commands.mode[:], env.commands.time_left[:] = HEADING, torch.inf
    env.observations.reset(torch.arange(env.num_robots))
    observation, level = env.observe(), env.curriculum.level.clone()
    running = torch.ones(env.num_robots, dtype=torch.bool)
    passed, begin = torch.zeros_like(running), env.start_x.clone()
    for tick in range(1, env.max_tick + 1):
        before = env.sim.states().position[:, 0].clone()
        step = env.step(policy(observation))
        observation = step.observation
        ended = running & step.done
        passed |= ended & step.time_out & (before - begin > DISTANCE)
        running &= ~step.done
        if progress is not None:
            progress(tick * env.contract.timing.control_period, int(running.sum()))
        if not running.any():
            break
    return {
        name: {
            int(each): passed[(env.curriculum.kind == kind) & (level == each)].float().mean().item()
            for each in level[env.curriculum.kind == kind].unique()
        }
        for kind, name in enumerate(env.sim.worlds.names)
    }


def table(rates: SuccessRates) -> str:
    """Markdown table: a row per terrain, a column per level; a dash where there are no episodes."""
    levels = sorted({level for row in rates.values() for level in row})
    lines = ["| terrain | " + " | ".join(f"level {level}" for level in levels) + " |"]
    lines.append("|---" * (len(levels) + 1) + "|")
    for name, row in rates.items():
        lines.append(f"| {name} | " + " | ".join(_percent(row.get(level)) for level in levels) + " |")
    return "\n".join(lines)


def _percent(rate: float | None) -> str:
    return "-" if rate is None or math.isnan(rate) else f"{rate:.0%}"
