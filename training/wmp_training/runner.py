"""A training run: a folder, a clock, checkpoints, a progress line."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.utils.tensorboard import SummaryWriter

from wmp_training.algorithms.amp import AMPTrainer
from wmp_training.checkpoint import load_checkpoint, save_checkpoint
from wmp_training.device import CPU
from wmp_training.distributed import ALONE, Ranks
from wmp_training.env.environment import LocomotionEnv
from wmp_training.learner import Learner, Networks
from wmp_training.log import RunLog
from wmp_training.model_free import ModelFreeLearner
from wmp_training.motions.library import MotionLibrary
from wmp_training.policy.model_free import KINDS, build_actor, teacher_example
from wmp_training.presets import Preset, a1_contract, preset
from wmp_training.resume import load_of_ranks
from wmp_training.settings import Value, configured
from wmp_training.sim.backend import Simulator
from wmp_training.sim.height_map import MAP_SIZE
from wmp_training.sim.mujoco_batch import MujocoBatch
from wmp_training.sim.on_device import OnDevice
from wmp_training.tasks import Task, task, without_camera
from wmp_training.world_model.depth_predictor import DepthPredictorTrainer
from wmp_training.world_model.picture import snapshot

logger = logging.getLogger(__name__)

STAGES = ("wmp", "teacher", "student")
POLICIES = ("wmp", "blind", "recurrent")
#: Between the seeds of two ranks.
SEED_STRIDE = 1000


@dataclass(frozen=True)
class RunConfig:
    """What identifies a run; saved with it and reused on resume.

    ``num_envs`` robots over all ranks; ``task`` of ``tasks.py``; ``stage`` is what learns: ``wmp`` the policy
    and its world model by reward, ``teacher`` the privileged teacher, ``student`` the policy and its world
    model from a teacher. ``policy`` is ``wmp``, or a baseline trained by reward instead: ``blind`` or
    ``recurrent``. ``amp`` adds the style reward of adversarial motion priors, ``without``
    names what is not randomised (see ``tasks.DISTURBANCES``), ``randomisation`` ranges (low, high) in the
    place of the task's own (see ``ranges.py``). ``rendered`` is the share of robots whose
    images are rendered; those of the others are predicted. ``mixed_precision`` lets PPO's critic multiply
    in bfloat16. ``settings`` stand in the place of those of preset and task, by names like ``ppo.epochs`` or
    ``env.rewards.crouch``.
    """

    preset: str
    num_envs: int
    seed: int
    levels: int = 10
    task: str = "gentle"
    stage: str = "wmp"
    policy: str = "wmp"
    amp: bool = False
    without: tuple[str, ...] = ()
    rendered: float = 1.0
    randomisation: Mapping[str, Sequence[float]] = field(default_factory=dict)
    mixed_precision: bool = False
    settings: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.num_envs < 1 or self.levels < 1:
            raise ValueError(
                f"num_envs and levels are {self.num_envs} and {self.levels}, expected at least 1"
            )
        if self.stage not in STAGES:
            raise ValueError(f"stage is {self.stage!r}, expected one of {STAGES}")
        if self.policy not in POLICIES:
            raise ValueError(f"policy is {self.policy!r}, expected one of {POLICIES}")
        if not 0.0 < self.rendered <= 1.0:
            raise ValueError(f"rendered is {self.rendered}, expected a share in (0, 1]")
        if self.policy != "wmp" and (self.amp or self.rendered < 1.0):
            raise ValueError(f"amp and rendered are for the policy 'wmp' alone, not for {self.policy!r}")
        if "env.rendered" in self.settings:
            raise ValueError("setting env.rendered: expected --rendered, which predicts the other images too")
        # They refuse what does not exist.
        sections = [f.name for part in (self.sizes(), self.what()) for f in fields(part)]
        for name in self.settings:
            if name.partition(".")[0] not in sections:
                raise ValueError(
                    f"setting {name}: expected a name that begins with one of {sorted(sections)}"
                )

    def sizes(self) -> Preset:
        """The preset with its settings as configured."""
        chosen = preset(self.preset)
        chosen = replace(chosen, ppo=replace(chosen.ppo, use_mixed_precision=self.mixed_precision))
        return configured(chosen, self.settings)

    def what(self) -> Task:
        """The task with its levels, disturbances and settings as configured."""
        chosen = task(self.task).with_worlds(levels=self.levels)
        chosen = configured(chosen, self.settings)
        return chosen.randomised(self.randomisation).without(self.without)


def build_learner(
    config: RunConfig, threads: int, ranks: Ranks, device: torch.device = CPU
) -> Learner | ModelFreeLearner:
    """Simulator, environment and what learns in it, from scratch; each rank has random numbers of its own.

    Physics takes ``threads`` of the CPU; everything else is on ``device``.
    """
    kind = config.stage if config.stage == "teacher" else config.policy
    chosen, what, seed = config.sizes(), config.what(), config.seed + SEED_STRIDE * ranks.rank
    torch.manual_seed(seed)
    contract = a1_contract(chosen.world_model)
    robots = config.num_envs // ranks.size
    physics = MujocoBatch(contract, robots, what.pool(config.num_envs), seed, threads)
    simulator: Simulator = physics if device.type == "cpu" else OnDevice(physics, device)
    if kind in KINDS:
        settings = what.env if KINDS[kind].camera else without_camera(what.env)
        return ModelFreeLearner(LocomotionEnv(contract, simulator, settings), chosen, kind, ranks)
    predictor = None
    if config.rendered < 1.0:
        if not what.env.surroundings:
            raise ValueError(f"task {config.task!r} shows no height map to predict images from")
        size = MAP_SIZE + contract.proprioception_size
        image = contract.depth.height, contract.depth.width
        predictor = DepthPredictorTrainer(size, image, chosen.depth_predictor, seed, device)
    settings = replace(what.env, rendered=config.rendered)
    env = LocomotionEnv(contract, simulator, settings, imagination=predictor)
    networks = Networks(contract, chosen)
    teacher = None
    if config.stage == "student":
        if not what.env.surroundings:
            raise ValueError(
                f"task {config.task!r} shows no height map, which a teacher needs; use 'obstacles'"
            )
        example = teacher_example(contract.proprioception_size, contract.num_joints, env.map_size)
        teacher = build_actor("teacher", example, contract.num_joints, chosen.policy).requires_grad_(False)
    amp = None
    if config.amp and teacher is None:
        library = MotionLibrary.shipped(contract.timing.control_period, chosen.amp.motions, device)
        amp = AMPTrainer(chosen.amp, library, seed, ranks, device)
    return Learner(env, networks, seed, ranks, teacher, amp, predictor)


class Runner:
    """Trains in ``folder`` until time or iterations are over, or SIGINT; always leaves a checkpoint.

    ``is_over``: time was over or SIGINT came, on any rank; nothing may begin after it.
    """

    CHECKPOINT_PERIOD = 300.0

    def __init__(
        self,
        folder: Path,
        config: RunConfig,
        threads: int = 2,
        resume: bool = False,
        ranks: Ranks = ALONE,
        device: torch.device = CPU,
    ) -> None:
        self.folder, self.config, self.ranks = folder, config, ranks
        self.learner = build_learner(config, threads, ranks, device)
        self.ancestry: list[dict[str, Any]] = []
        self.log = RunLog(folder, ranks.rank)
        self.wall_time, self._stop = 0.0, False
        self.is_over = False
        self._curves: SummaryWriter | None = None
        if resume:
            tensors, facts = load_of_ranks(self.checkpoint, self.learner.env.num_robots, ranks)
            self.learner.load_state_dict(tensors, facts)
            self.wall_time, self.ancestry = facts["wall_time_s"], facts.get("ancestry", [])
            self.log.forget_after(self.learner.iteration)

    @property
    def checkpoint(self) -> Path:
        """Every rank has its own: its robots are where no other's are."""
        return self.folder / ("checkpoint" if self.ranks.rank == 0 else f"checkpoint_rank{self.ranks.rank}")

    def begin_with(self, folder: Path) -> None:
        """Begin with the skill in the checkpoint ``folder`` instead of from scratch.

        Steps and time are counted on from there if it is of the same stage; otherwise that stage becomes the
        last of the ``ancestry``, all of which a bundle tells of.
        """
        tensors, facts = load_checkpoint(folder)
        self.learner.load_skill(tensors, facts)
        self.ancestry = facts.get("ancestry", [])
        if facts["config"]["stage"] == self.config.stage:
            self.learner.iteration, self.learner.env_steps = facts["iteration"], facts["env_steps"]
            self.wall_time = facts["wall_time_s"]
        else:
            self.ancestry = [*self.ancestry, stage_of(facts)]

    def run(
        self,
        time_limit: float,
        iterations: int | None = None,
        report: Callable[[str], None] = logger.info,
        until_steps: float = float("inf"),
    ) -> None:
        """Train for ``time_limit`` s of wall time (this call), at most ``iterations`` more iterations, and
        until the run has seen ``until_steps`` environment steps."""
        self.folder.mkdir(parents=True, exist_ok=True)
        previous = signal.signal(signal.SIGINT, self._interrupt)
        begin, wall_before, saved = time.monotonic(), self.wall_time, time.monotonic()
        last = self.learner.iteration + iterations if iterations is not None else None
        try:
            while self.learner.env_steps < until_steps and (last is None or self.learner.iteration < last):
                started = time.monotonic()
                log = self.learner.iterate()
                now = time.monotonic()
                self.wall_time = wall_before + now - begin
                self._record(log, now - started)
                if self.ranks.rank == 0:
                    report(self._progress(log, now - started, time_limit - (now - begin)))
                self.is_over = self.ranks.any(self._stop or now - begin >= time_limit)
                if self.is_over:
                    break
                if self.ranks.any(now - saved > self.CHECKPOINT_PERIOD):
                    self.save()
                    saved = now
        finally:
            signal.signal(signal.SIGINT, previous)
        self.save()

    def save(self) -> None:
        """Write the checkpoint of this moment."""
        tensors, facts = self.learner.state_dict()
        run = {"wall_time_s": self.wall_time, "config": vars(self.config), "ancestry": self.ancestry}
        # For the record: every setting of worlds, environment and randomisation.
        settings = {"task": asdict(self.config.what())}
        save_checkpoint(self.checkpoint, tensors, {**facts, **run, **settings})
        self._look_ahead()

    def _look_ahead(self) -> None:
        """Draw what the world model predicts without images, and say how it compares to the last image."""
        learner = self.learner
        if isinstance(learner, ModelFreeLearner) or self.ranks.rank > 0:
            return
        path = self.folder / "predictions" / f"{learner.iteration:06d}.png"
        far = learner.env.contract.depth.far
        errors = snapshot(learner.networks.world_model, learner.replay, far, path, learner.iteration)
        if errors is not None:
            logger.info(
                "depth 1 s ahead without images: error %.3f m, of the last image %.3f m; %s",
                errors.model[-1],
                errors.persistence[-1],
                path,
            )

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        logger.info("stopping after this iteration, then saving")
        self._stop = True

    def _record(self, log: dict[str, float], seconds: float) -> None:
        line = {
            "iteration": self.learner.iteration,
            "env_steps": self.learner.env_steps,
            "wall_time_s": self.wall_time,
        }
        levels = self.learner.env.curriculum.take_counts()
        self.log.append({**line, "iteration_s": seconds, **log, "levels": levels})
        if self.ranks.rank == 0:
            self._plot({"iteration_s": seconds, **log}, levels)

    def _plot(self, log: dict[str, float], levels: dict[str, dict[str, list[int]]]) -> None:
        """Curves for TensorBoard, over environment steps."""
        if self._curves is None:
            # Whatever was drawn after the checkpoint that is resumed is drawn again.
            batch = self.config.num_envs * self.learner.preset.ppo.steps_per_env
            begin = self.learner.env_steps - batch + 1
            self._curves = SummaryWriter(str(self.folder), purge_step=begin)
        for name, value in log.items():
            self._curves.add_scalar(name, value, self.learner.env_steps)
        for terrain, counts in levels.items():
            for level, (finished, passed) in enumerate(
                zip(counts["finished"], counts["passed"], strict=True)
            ):
                if finished:
                    self._curves.add_scalar(
                        f"success_{terrain}/{level}", passed / finished, self.learner.env_steps
                    )

    def _progress(self, log: dict[str, float], seconds: float, left: float) -> str:
        rate = self.config.num_envs * self.learner.preset.ppo.steps_per_env / seconds
        levels = " ".join(
            f"{name[6:]} {value:.1f}" for name, value in log.items() if name.startswith("level/")
        )
        success = 1.0 - log["falls"] / log["episodes"] if log["episodes"] else float("nan")
        world_model = f"world model {log['world_model']:7.1f}  " if "world_model" in log else ""
        return (
            f"{self.learner.iteration:5d}  {self.learner.env_steps / 1e6:6.2f} M steps  "
            f"{rate / 1e3:5.1f} k/s  "
            f"reward {log['reward']:5.2f}  success {success:4.0%}  levels {levels}  std {log['std']:.2f}  "
            f"{world_model}eta {max(left, 0) / 60:4.0f} min"
        )


def stage_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a checkpoint's ``facts`` say of its stage: name, steps and wall time."""
    return {
        "stage": facts["config"].get("stage", "wmp"),
        "env_steps": facts["env_steps"],
        "wall_time_s": round(facts["wall_time_s"]),
    }
