"""Measures how many steps per second this machine simulates and learns from, and the memory it needs.

Every part is measured in its own processes, so that it does not affect the others.
"""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import torch
import torch.multiprocessing as mp

from wmp_training.build import build_learner
from wmp_training.device import choose
from wmp_training.distributed import Ranks
from wmp_training.learner import Learner
from wmp_training.model_free import ModelFreeLearner
from wmp_training.run_config import RunConfig


@dataclass(frozen=True)
class Rate:
    """A measured rate."""

    name: str
    per_second: float
    unit: str = "steps/s"


@dataclass(frozen=True)
class Setting:
    """What is measured.

    Attributes:
        robots: in all, shared by ``ranks`` processes on ``cores``.
        network: preset with the sizes of the networks.
        seconds: duration of each measurement.
        levels: terrain levels that are compiled.
        device: where learning runs.
        mixed_precision: as in ``RunConfig``.
    """

    robots: int
    network: str
    seconds: float
    cores: int
    levels: int = 3
    task: str = "obstacles"
    ranks: int = 1
    device: str = "cpu"
    mixed_precision: bool = False


@dataclass(frozen=True)
class Part:
    """Rates of all ranks together, and the sum of their peak memory [GB, 10^9 bytes]."""

    rates: tuple[Rate, ...]
    memory: float


#: A rank, the fields of its rates, and its peak memory [GB].
RankResult = tuple[int, list[dict[str, Any]], float]


def measure(setting: Setting, part: str) -> Part:
    """Measure ``part`` of :data:`PARTS`; raises ``RuntimeError`` if a rank fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = mp.get_context("spawn")
    results = context.SimpleQueue()
    mp.spawn(_rank, (port, setting, part, results), nprocs=setting.ranks)
    return combined([results.get() for _ in range(setting.ranks)])


def combined(found: Sequence[RankResult]) -> Part:
    """Combine the results of all ranks: memory adds up, and each rank has measured the rate of all."""
    first = next(rates for rank, rates, _ in found if rank == 0)
    return Part(tuple(Rate(**rate) for rate in first), sum(memory for _, _, memory in found))


def _rank(rank: int, port: int, setting: Setting, part: str, results: mp.SimpleQueue) -> None:
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(setting.ranks)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    device = choose(setting.device, rank)
    with Ranks.joined(device) as ranks:
        rates = [asdict(rate) for rate in PARTS[part](setting, ranks, device)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    results.put((rank, rates, peak))


def _learner(stage: str, setting: Setting, ranks: Ranks, device: torch.device) -> Learner | ModelFreeLearner:
    what = setting.network, setting.robots, 1, setting.levels, setting.task, stage
    config = RunConfig(*what, mixed_precision=setting.mixed_precision)
    return build_learner(config, max(setting.cores // ranks.size, 1), ranks, device)


def _environment(setting: Setting, ranks: Ranks, device: torch.device, stage: str) -> float:
    env = _learner(stage, setting, ranks, device).env
    action = torch.zeros(env.num_robots, env.contract.num_joints, device=device)
    return _per_second(partial(env.step, action), setting.seconds, ranks) * setting.robots


def _environment_alone(setting: Setting, ranks: Ranks, device: torch.device) -> Iterator[Rate]:
    yield Rate("environment", _environment(setting, ranks, device, "teacher"))


def _environment_with_depth(setting: Setting, ranks: Ranks, device: torch.device) -> Iterator[Rate]:
    yield Rate("environment, depth of every robot at 10 Hz", _environment(setting, ranks, device, "wmp"))


def _teacher(setting: Setting, ranks: Ranks, device: torch.device) -> Iterator[Rate]:
    learner = _learner("teacher", setting, ranks, device)
    steps = learner.preset.ppo.steps_per_env * setting.robots
    yield Rate("teacher (no depth) with PPO", _per_second(learner.iterate, setting.seconds, ranks) * steps)


def _learning(setting: Setting, ranks: Ranks, device: torch.device) -> Iterator[Rate]:
    learner = _learner("wmp", setting, ranks, device)
    assert isinstance(learner, Learner)
    steps, trainer = learner.preset.ppo.steps_per_env * setting.robots, learner.trainer
    config, replay = trainer.config, learner.replay
    trainer.config = replace(config, updates_per_iteration=0)
    rate = _per_second(learner.iterate, setting.seconds, ranks)
    yield Rate("depth, world model running along, PPO", rate * steps)
    # Pages of the replay buffer count as memory only once they are written.
    replay.depth.zero_()
    replay.written.fill_(replay.capacity)
    trainer.config = config
    rate = _per_second(trainer.train, setting.seconds, ranks) * config.updates_per_iteration
    yield Rate("world-model updates alone", rate, "updates/s")
    rate = _per_second(learner.iterate, setting.seconds, ranks)
    yield Rate("depth, PPO and world-model updates", rate * steps)
    yield Rate("world-model updates in it", rate * config.updates_per_iteration, "updates/s")


def _per_second(call: Callable[[], object], seconds: float, ranks: Ranks) -> float:
    call()  # compiles kernels and fills caches
    count, begin, over = 0, time.perf_counter(), False
    while not over:
        call()
        count += 1
        # All ranks must stop after the same call, because they wait for each other inside.
        over = ranks.any(time.perf_counter() - begin >= seconds)
    return count / (time.perf_counter() - begin)


PARTS: dict[str, Callable[[Setting, Ranks, torch.device], Iterator[Rate]]] = {
    "environment": _environment_alone,
    "environment with depth": _environment_with_depth,
    "teacher": _teacher,
    "learning": _learning,
}
