"""Builds what a run trains: simulator, environment, networks and algorithm."""

from __future__ import annotations

from dataclasses import replace

import torch

from wmp_training.a1_contract import a1_contract
from wmp_training.algorithms.amp import AMPTrainer
from wmp_training.device import CPU
from wmp_training.distributed import Ranks
from wmp_training.env.environment import LocomotionEnv
from wmp_training.learner import Learner, Networks
from wmp_training.model_free import ModelFreeLearner
from wmp_training.motions.library import MotionLibrary
from wmp_training.policy.model_free import KINDS, build_actor, teacher_example
from wmp_training.run_config import RunConfig
from wmp_training.sim.backend import Simulator
from wmp_training.sim.height_map import MAP_SIZE
from wmp_training.sim.mirror import Mirror
from wmp_training.sim.mujoco_batch import MujocoBatch
from wmp_training.sim.on_device import OnDevice
from wmp_training.tasks import without_camera
from wmp_training.world_model.depth_predictor import DepthPredictorTrainer

#: Distance between the seeds of two ranks.
SEED_STRIDE = 1000


def build_learner(
    config: RunConfig, threads: int, ranks: Ranks, device: torch.device = CPU
) -> Learner | ModelFreeLearner:
    """Simulator, environment and learner of a run, untrained; every rank draws its own random numbers.

    Physics takes ``threads`` CPU threads; everything else runs on ``device``.
    """
    kind = config.stage if config.stage == "teacher" else config.policy
    chosen, task = config.resolved_preset(), config.resolved_task()
    seed = config.seed + SEED_STRIDE * ranks.rank
    torch.manual_seed(seed)
    contract = a1_contract(chosen.world_model)
    robots = config.num_envs // ranks.size
    physics = MujocoBatch(contract, robots, task.pool(config.num_envs), seed, threads)
    simulator: Simulator = physics if device.type == "cpu" else OnDevice(physics, device)
    if task.mirrored:
        simulator = Mirror(simulator)
    if kind in KINDS:
        settings = task.env if KINDS[kind].camera else without_camera(task.env)
        return ModelFreeLearner(LocomotionEnv(contract, simulator, settings), chosen, kind, ranks)
    predictor = None
    if config.rendered < 1.0:
        size = MAP_SIZE + contract.proprioception_size
        image = contract.depth.height, contract.depth.width
        predictor = DepthPredictorTrainer(size, image, chosen.depth_predictor, seed, device)
    settings = replace(task.env, rendered=config.rendered)
    env = LocomotionEnv(contract, simulator, settings, depth_predictor=predictor)
    networks = Networks(contract, chosen)
    teacher = None
    if config.stage == "student":
        example = teacher_example(contract.proprioception_size, contract.num_joints, env.map_size)
        teacher = build_actor("teacher", example, contract.num_joints, chosen.policy).requires_grad_(False)
    amp = None
    if config.amp and teacher is None:
        library = MotionLibrary.shipped(contract.timing.control_period, chosen.amp.motions, device)
        amp = AMPTrainer(chosen.amp, library, seed, ranks, device)
    return Learner(env, networks, seed, ranks, teacher, amp, predictor)
