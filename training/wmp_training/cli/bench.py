"""``wmp bench training``: how many environment steps a second this machine simulates and learns from."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from wmp_training.distributed import ALONE
from wmp_training.env.environment import LocomotionEnv
from wmp_training.learner import Learner
from wmp_training.presets import a1_contract, preset
from wmp_training.runner import RunConfig, build_learner
from wmp_training.sim.mujoco_batch import MujocoBatch
from wmp_training.tasks import task, without_camera

TASK = "obstacles"
#: Three terrain levels of ten, so that worlds compile in seconds.
LEVELS = 3


@dataclass(frozen=True)
class Rate:
    """``name`` of what was measured, and how much of it in a second."""

    name: str
    per_second: float
    unit: str = "steps/s"


@dataclass(frozen=True)
class TrainingBench:
    """Plug-in of ``wmp bench``, with so many ``robots`` and networks of ``network``."""

    robots: int = 512
    network: str = "small"

    def run(self, seconds: float, json_file: Path | None) -> int:
        """Measure each part for ``seconds``, print a table, write it to ``json_file``."""
        torch.set_num_threads(1)
        cores = os.cpu_count() or 1
        print(f"{self.robots} robots, all terrains, preset {self.network}, {cores} cores")
        rates = []
        for rate in measure(seconds, cores, self.robots, self.network):
            rates.append(rate)
            print(f"{rate.name:<52}{rate.per_second:10.1f} {rate.unit}", flush=True)
        if json_file is not None:
            content = {"robots": self.robots, "cores": cores, "rates": [asdict(rate) for rate in rates]}
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(json.dumps(content, indent=2) + "\n")
        return 0


def measure(seconds: float, cores: int, robots: int, network: str) -> Iterator[Rate]:
    """Environment alone, with depth images for every robot at 10 Hz, and with either kind of learning."""
    for name, camera in (("environment", False), ("environment with depth at 10 Hz", True)):
        env = _environment(robots, cores, camera, network)
        action = torch.zeros(robots, env.contract.num_joints)
        per_call = _per_second(partial(env.step, action), seconds)
        yield Rate(name, per_call * robots)
    for name, stage in (("teacher: environment and PPO", "teacher"), ("world model and PPO", "wmp")):
        config = RunConfig(network, robots, 1, LEVELS, TASK, stage)
        learner = build_learner(config, cores, ALONE)
        steps = learner.preset.ppo.steps_per_env * robots
        yield Rate(name, _per_second(learner.iterate, seconds) * steps)
    if isinstance(learner, Learner):
        updates = learner.preset.world_model.updates_per_iteration
        rate = _per_second(learner.trainer.train, seconds) * updates
        yield Rate("world-model updates alone", rate, "updates/s")


def _environment(robots: int, threads: int, camera: bool, network: str) -> LocomotionEnv:
    what, contract = task(TASK), a1_contract(preset(network).world_model)
    simulator = MujocoBatch(contract, robots, what.pool(LEVELS, robots), 1, threads)
    env = LocomotionEnv(contract, simulator, what.env if camera else without_camera(what.env))
    env.reset()
    return env


def _per_second(call: Callable[[], object], seconds: float) -> float:
    call()  # compiles kernels and fills caches
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        call()
        count += 1
    return count / (time.perf_counter() - begin)


bench = TrainingBench()
