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

from wmp_training.checkpoint import load_checkpoint, section
from wmp_training.env.commands import HEADING
from wmp_training.env.environment import LocomotionEnv, Observation
from wmp_training.learner import Networks
from wmp_training.model_free import Eyes
from wmp_training.policy.model_free import KINDS, build_actor
from wmp_training.presets import a1_contract, preset
from wmp_training.sim.mujoco_batch import MujocoBatch
from wmp_training.tasks import Task, task, without_camera
from wmp_training.world_model.filter import LatentFilter

#: Commanded speed [m/s] and forward progress [m] that makes an episode without a fall a success.
SPEED, DISTANCE = 0.6, 6.0

Policy = Callable[[Observation], Tensor]
#: Share of successes by terrain and level.
Successes = dict[str, dict[int, float]]


def gate(run: Path, levels: tuple[int, ...], robots: int, seed: int = 7, threads: int = 1) -> Successes:
    """Judge the checkpoint of ``run`` (any stage) with ``robots`` per terrain and level, one episode each."""
    tensors, facts = load_checkpoint(run / "checkpoint")
    config, chosen = facts["config"], preset(facts["config"]["preset"])
    what = task(config.get("task", "gentle"))
    kind = "teacher" if config.get("stage") == "teacher" else config.get("policy", "wmp")
    camera = kind not in KINDS or KINDS[kind].camera
    torch.manual_seed(seed)
    env = _course(what, config["levels"], levels, robots, seed, threads, camera)
    if kind in KINDS:
        eyes = Eyes(env.contract.depth, env.num_robots, camera)
        actor = build_actor(kind, eyes(env.reset()), env.contract.num_joints, chosen.policy)
        actor.load_state_dict(section(kind, tensors))
        return _judge(env, lambda seen: actor(eyes(seen)))
    networks = Networks(env.contract, chosen)
    networks.load(tensors)
    return _judge(env, _Sighted(networks, env))


class _Sighted:
    """World model and actor, deterministic, running along with the robots of ``env``."""

    def __init__(self, networks: Networks, env: LocomotionEnv) -> None:
        self.actor = networks.actor
        self.filter = LatentFilter(
            networks.world_model, env.num_robots, env.interval, env.contract.num_joints
        )

    def __call__(self, seen: Observation) -> Tensor:
        self.filter.record_action((seen.tick - 1).clamp(min=0), seen.last_action)
        self.filter.step(seen.due, seen.first, seen.proprioception[seen.due], seen.depth, seen.valid)
        latent, _ = self.actor.get_latent_vector(seen.history, seen.command, self.filter.deter)
        return self.actor.mlp(latent)


def _course(
    what: Task, top: int, levels: tuple[int, ...], robots: int, seed: int, threads: int, camera: bool
) -> LocomotionEnv:
    """``robots`` on every track and level of ``what``, new ones of the same kinds, without pushes."""
    quiet = replace(what.env, push_velocity=0.0, lost_images=0.0, blind_robots=0.0)
    names = tuple(name for name in what.terrains if name != "flat")
    config = replace(quiet if camera else without_camera(quiet), terrain_shares=(1.0,) * len(names))
    contract = a1_contract(preset("small").world_model)
    count = len(names) * len(levels) * robots
    pool = replace(what, terrains=names, variants=3).pool(top, count)
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
